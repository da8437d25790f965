// Command reterminal-vision shows edge-vision demos on a touchscreen.
package main

import (
	"os"

	"reterminal-vision/app"
	_ "reterminal-vision/app/locale" // before Fyne reads the environment
)

func main() { os.Exit(app.Main(os.Args[1:])) }
