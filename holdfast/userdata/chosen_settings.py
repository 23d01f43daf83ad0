"""The settings that a person chooses: whoever finds one changed misses what was there.

A selection from what Android itself backs up for its user (SETTINGS_TO_BACKUP and
DEVICE_SPECIFIC_SETTINGS_TO_BACKUP of SettingsProvider's SystemSettings, SecureSettings and
GlobalSettings), without what Android writes by itself, and with volumes and default services.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["chosen"]

_NAMES = {
    "global": """
        airplane_mode_on animator_duration_scale apply_ramping_ringer auto_time auto_time_zone
        bluetooth_on call_auto_retry charging_sounds_enabled charging_vibration_enabled data_roaming
        device_name dock_sounds_enabled emergency_tone encoded_surround_output
        low_power_trigger_level power_sounds_enabled private_dns_mode private_dns_specifier
        stay_on_while_plugged_in transition_animation_scale wifi_networks_available_notification_on
        wifi_wakeup_enabled window_animation_scale
    """,
    "secure": """
        accessibility_captioning_enabled accessibility_display_daltonizer
        accessibility_display_daltonizer_enabled accessibility_display_inversion_enabled
        accessibility_display_magnification_enabled accessibility_enabled android_id assistant
        autofill_service bluetooth_name camera_gesture_disabled default_input_method
        dialer_default_application display_density_forced doze_enabled
        enabled_accessibility_services enabled_input_methods enabled_notification_listeners
        high_text_contrast_enabled location_mode lock_screen_allow_private_notifications
        lock_screen_lock_after_timeout lock_screen_owner_info_enabled lock_screen_show_notifications
        long_press_timeout navigation_mode nfc_payment_default_component night_display_auto_mode
        screensaver_components screensaver_enabled selected_spell_checker
        show_ime_with_hard_keyboard sms_default_application speak_password spell_checker_enabled
        touch_exploration_enabled tts_default_pitch tts_default_rate tts_default_synth ui_night_mode
        voice_interaction_service voice_recognition_service
    """,
    "system": """
        accelerometer_rotation alarm_alert auto_caps auto_punctuate auto_replace date_format
        dim_screen dtmf_tone font_scale haptic_feedback_enabled hearing_aid
        lockscreen_sounds_enabled master_mono notification_light_pulse notification_sound
        notification_vibration_intensity pointer_speed ring_vibration_intensity ringtone
        screen_brightness_mode screen_off_timeout
        show_password sound_effects_enabled system_locales time_12_24 tty_mode vibrate_on
        vibrate_when_ringing
    """,
}
_CHOSEN = frozenset(f"{space}/{name}" for space, names in _NAMES.items() for name in names.split())
_VOLUMES = "system/volume_"


def chosen(settings: Mapping[str, str]) -> dict[str, str]:
    """Those of `namespace/name` → value that a person chose.

    The brightness is one of them only where it does not follow the light.
    """
    by_hand = settings.get("system/screen_brightness_mode") == "0"
    return {
        name: value
        for name, value in settings.items()
        if name in _CHOSEN
        or name.startswith(_VOLUMES)
        or (by_hand and name == "system/screen_brightness")
    }
