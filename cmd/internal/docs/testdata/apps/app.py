import socket

socket.create_server(("", 30010))
