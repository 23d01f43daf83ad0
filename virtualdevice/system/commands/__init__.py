"""The commands that Android itself brings: pm, am, settings, dumpsys, input, …"""
