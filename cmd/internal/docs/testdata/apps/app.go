// Command app is a service on port 30010.
package main

import (
	"log"
	"net/http"
)

func main() { log.Fatal(http.ListenAndServe(":30010", nil)) }
