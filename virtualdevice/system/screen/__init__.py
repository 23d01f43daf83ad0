"""The screen: windows and views, what each app shows, the hierarchy and the picture of it."""
