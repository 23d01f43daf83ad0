"""The people (and profiles) of one phone: who there is, who runs, and who is unlocked."""
