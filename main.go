// Command reterminal-vision shows edge-vision demos on a touchscreen.
package main

import (
	"os"

	"reterminal-vision/app"
)

func main() { os.Exit(app.Main(os.Args[1:])) }
