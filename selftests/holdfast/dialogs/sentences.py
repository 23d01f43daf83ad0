"""What a warning may say, in every language: sentences of ours, not of any product.

For each language: a loss stated as certain, a loss that may be, a promise that data stays, a
request to uninstall, and a mismatch in jargon alone.
"""

from __future__ import annotations

from typing import NamedTuple


class Sentences(NamedTuple):
    certain: str
    hedged: str
    promise: str
    uninstall: str
    jargon: str


SENTENCES: dict[str, Sentences] = {
    "ar": Sentences(
        "ستفقد جميع محادثاتك وصورك نهائيًا.",
        "قد تفقد بياناتك عند التحديث.",
        "لن يتم حذف بياناتك.",
        "يجب إلغاء تثبيت التطبيق الحالي أولاً.",
        "توقيع الحزمة لا يتطابق مع التوقيع الحالي.",
    ),
    "cs": Sentences(
        "Všechny vaše zprávy a fotky budou nenávratně smazány.",
        "Při aktualizaci může dojít ke ztrátě dat.",
        "Vaše data zůstanou zachována.",
        "Nejprve odinstalujte stávající aplikaci.",
        "Podpis balíčku se neshoduje s nainstalovanou verzí.",
    ),
    "de": Sentences(
        "Alle deine Nachrichten und Fotos gehen unwiderruflich verloren.",
        "Beim Update können Daten verloren gehen.",
        "Deine Daten bleiben erhalten.",
        "Deinstalliere zuerst die vorhandene App.",
        "Die Signatur stimmt nicht mit der installierten Version überein.",
    ),
    "el": Sentences(
        "Όλα τα μηνύματα και οι φωτογραφίες σας θα διαγραφούν οριστικά.",
        "Ενδέχεται να χαθούν δεδομένα κατά την ενημέρωση.",
        "Τα δεδομένα σας δεν θα διαγραφούν.",
        "Απεγκαταστήστε πρώτα την υπάρχουσα εφαρμογή.",
        "Η υπογραφή δεν ταιριάζει με την εγκατεστημένη έκδοση.",
    ),
    "en": Sentences(
        "All your messages and photos will be deleted for good.",
        "You could lose data during the update.",
        "None of your data will be deleted.",
        "Please uninstall the existing app first.",
        "The signature differs from that of the installed version.",
    ),
    "es": Sentences(
        "Se borrarán para siempre todos tus mensajes y fotos.",
        "La actualización podría borrar tus datos.",
        "Tus datos se conservarán.",
        "Desinstala primero la aplicación existente.",
        "La firma no coincide con la de la versión instalada.",
    ),
    "fa": Sentences(
        "همه پیام‌ها و عکس‌های شما برای همیشه پاک می‌شود.",
        "ممکن است داده‌های شما از دست برود.",
        "داده‌های شما حفظ می‌شود.",
        "ابتدا برنامه فعلی را حذف نصب کنید.",
        "امضای بسته با نسخه نصب‌شده مطابقت ندارد.",
    ),
    "fr": Sentences(
        "Tous vos messages et toutes vos photos seront définitivement effacés.",
        "La mise à jour risque d'effacer vos données.",
        "Vos données seront conservées.",
        "Désinstallez d'abord l'application existante.",
        "La signature ne correspond pas à celle de la version installée.",
    ),
    "he": Sentences(
        "כל ההודעות והתמונות שלך יימחקו לצמיתות.",
        "ייתכן שהנתונים שלך יאבדו במהלך העדכון.",
        "הנתונים שלך יישמרו.",
        "יש להסיר תחילה את האפליקציה הקיימת.",
        "החתימה אינה תואמת לגרסה המותקנת.",
    ),
    "hi": Sentences(
        "आपके सभी संदेश और फ़ोटो हमेशा के लिए मिट जाएंगे।",
        "अपडेट के दौरान आपका डेटा खो सकता है।",
        "आपका डेटा नहीं मिटेगा।",
        "पहले मौजूदा ऐप को अनइंस्टॉल करें।",
        "पैकेज का हस्ताक्षर इंस्टॉल किए गए वर्शन से मेल नहीं खाता।",
    ),
    "hu": Sentences(
        "Minden üzenete és fényképe végleg törlődik.",
        "A frissítés során adatok veszhetnek el.",
        "Az adatai megmaradnak.",
        "Először távolítsa el a meglévő alkalmazást.",
        "Az aláírás nem egyezik a telepített verzióéval.",
    ),
    "id": Sentences(
        "Semua pesan dan foto Anda akan dihapus secara permanen.",
        "Data Anda mungkin hilang saat pembaruan.",
        "Data Anda tidak akan dihapus.",
        "Hapus instalasi aplikasi yang ada terlebih dahulu.",
        "Tanda tangan paket tidak cocok dengan versi terpasang.",
    ),
    "it": Sentences(
        "Tutti i tuoi messaggi e le tue foto verranno eliminati per sempre.",
        "L'aggiornamento potrebbe cancellare i tuoi dati.",
        "I tuoi dati verranno conservati.",
        "Disinstalla prima l'app esistente.",
        "La firma non corrisponde a quella della versione installata.",
    ),
    "ja": Sentences(
        "メッセージと写真がすべて完全に消去されます。",
        "アップデートによりデータが失われる可能性があります。",
        "データは保持されます。",
        "先に既存のアプリをアンインストールしてください。",
        "署名がインストール済みのバージョンと一致しません。",
    ),
    "ko": Sentences(
        "모든 메시지와 사진이 영구적으로 삭제됩니다.",
        "업데이트 중 데이터가 손실될 수 있습니다.",
        "기존 데이터는 그대로 유지됩니다.",
        "먼저 기존 앱을 제거하세요.",
        "서명이 설치된 버전과 일치하지 않습니다.",
    ),
    "nl": Sentences(
        "Al je berichten en foto's worden definitief gewist.",
        "Bij het updaten kunnen gegevens verloren gaan.",
        "Je gegevens blijven bewaard.",
        "Verwijder eerst de bestaande app.",
        "De handtekening komt niet overeen met de geïnstalleerde versie.",
    ),
    "pl": Sentences(
        "Wszystkie Twoje wiadomości i zdjęcia zostaną trwale usunięte.",
        "Aktualizacja może spowodować utratę danych.",
        "Twoje dane nie zostaną usunięte.",
        "Najpierw odinstaluj istniejącą aplikację.",
        "Podpis nie zgadza się z podpisem zainstalowanej wersji.",
    ),
    "pt-BR": Sentences(
        "Todas as suas mensagens e fotos serão apagadas para sempre.",
        "A atualização pode causar perda de dados.",
        "Seus dados serão mantidos.",
        "Desinstale primeiro o aplicativo existente.",
        "A assinatura não corresponde à da versão instalada.",
    ),
    "ro": Sentences(
        "Toate mesajele și fotografiile dvs. vor fi șterse definitiv.",
        "Actualizarea poate duce la pierderea datelor.",
        "Datele dvs. vor fi păstrate.",
        "Dezinstalați mai întâi aplicația existentă.",
        "Semnătura nu corespunde cu cea a versiunii instalate.",
    ),
    "ru": Sentences(
        "Все ваши сообщения и фотографии будут безвозвратно удалены.",
        "При обновлении возможна потеря данных.",
        "Ваши данные сохранятся.",
        "Сначала удалите установленное приложение.",
        "Подпись не совпадает с подписью установленной версии.",
    ),
    "sv": Sentences(
        "Alla dina meddelanden och foton raderas permanent.",
        "Uppdateringen kan leda till att data försvinner.",
        "Dina data behålls.",
        "Avinstallera först den befintliga appen.",
        "Signaturen stämmer inte överens med den installerade versionen.",
    ),
    "th": Sentences(
        "ข้อความและรูปภาพทั้งหมดของคุณจะถูกลบอย่างถาวร",
        "ข้อมูลของคุณอาจสูญหายระหว่างการอัปเดต",
        "ข้อมูลของคุณจะไม่ถูกลบ",
        "โปรดถอนการติดตั้งแอปที่มีอยู่ก่อน",
        "ลายเซ็นไม่ตรงกับเวอร์ชันที่ติดตั้งไว้",
    ),
    "tr": Sentences(
        "Tüm mesajlarınız ve fotoğraflarınız kalıcı olarak silinecek.",
        "Güncelleme sırasında verileriniz kaybolabilir.",
        "Verileriniz silinmeyecek.",
        "Önce mevcut uygulamayı kaldırın.",
        "İmza, yüklü sürümün imzasıyla eşleşmiyor.",
    ),
    "uk": Sentences(
        "Усі ваші повідомлення та фотографії буде безповоротно видалено.",
        "Під час оновлення можлива втрата даних.",
        "Ваші дані буде збережено.",
        "Спочатку видаліть установлений додаток.",
        "Підпис не збігається з підписом установленої версії.",
    ),
    "vi": Sentences(
        "Tất cả tin nhắn và ảnh của bạn sẽ bị xóa vĩnh viễn.",
        "Dữ liệu của bạn có thể bị mất khi cập nhật.",
        "Dữ liệu của bạn sẽ không bị xóa.",
        "Vui lòng gỡ cài đặt ứng dụng hiện có trước.",
        "Chữ ký không khớp với phiên bản đã cài đặt.",
    ),
    "zh-CN": Sentences(
        "您的所有聊天记录和照片都将被永久删除。",
        "更新可能会导致数据丢失。",
        "您的数据不会丢失。",
        "请先卸载当前应用。",
        "签名与已安装的版本不一致。",
    ),
    "zh-TW": Sentences(
        "您的所有聊天記錄和相片都將永久刪除。",
        "更新可能會導致資料遺失。",
        "您的資料會予以保留。",
        "請先解除安裝目前的應用程式。",
        "簽章與已安裝的版本不符。",
    ),
}
