require("http").createServer().listen(30010);
