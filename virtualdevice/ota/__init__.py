"""Firmware as it travels: images, OTA packages, and how recovery and update_engine apply them."""
