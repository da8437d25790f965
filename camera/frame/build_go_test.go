//go:build !cgo || purego

package frame

const pureGo = true
