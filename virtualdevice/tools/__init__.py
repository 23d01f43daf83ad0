"""The one program of ours inside the device's root: the client that Android's commands are."""
