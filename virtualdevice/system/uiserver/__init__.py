"""The uiautomator2 server: JSON-RPC on the device's port 9008, as u2.jar answers."""
