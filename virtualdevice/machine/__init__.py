"""What a phone has below Android: a root directory, processes, files, sockets."""
