package main

import (
	"bytes"
	"crypto/sha1"
	"fmt"
	"slices"
	"strings"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

// cycloneDX is the list of parts, the same for the same parts.
func cycloneDX(p packaged, all []part) ([]byte, error) {
	bom := cdx.NewBOM()
	bom.SerialNumber = serial(p.version + " " + p.arch)
	root := cdx.Component{
		BOMRef: "pkg:deb/reterminal-vision@" + p.version + "?arch=" + p.arch, Type: cdx.ComponentTypeApplication,
		Name: "reterminal-vision", Version: p.version, PackageURL: "pkg:deb/reterminal-vision@" + p.version + "?arch=" + p.arch,
	}
	bom.Metadata = &cdx.Metadata{Timestamp: p.built.Format(time.RFC3339), Component: &root}
	var components []cdx.Component
	for _, one := range all {
		c := cdx.Component{
			BOMRef: one.kind + ":" + one.name + ":" + one.where, Type: cdx.ComponentTypeLibrary, Name: one.name, Version: one.version,
			Copyright: strings.Join(one.copyright, "; "), Licenses: &cdx.Licenses{{License: licence(one.licence)}},
			Properties: &[]cdx.Property{{Name: "files", Value: one.where}},
		}
		switch one.kind {
		case "module":
			c.PackageURL = "pkg:golang/" + one.name + "@" + one.version
		case "model":
			c.Type = cdx.ComponentTypeMachineLearningModel
		case "data":
			c.Type = cdx.ComponentTypeData
		}
		if one.sum != "" {
			c.Hashes = &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA256, Value: one.sum}}
		}
		if one.source != "" {
			c.ExternalReferences = &[]cdx.ExternalReference{{Type: cdx.ERTypeWebsite, URL: one.source}}
		}
		components = append(components, c)
	}
	// What Debian brings is needed, and not in the package.
	for _, d := range strings.Split(p.depends, ",") {
		name, _, _ := strings.Cut(strings.TrimSpace(d), " ")
		if name == "" {
			continue
		}
		components = append(components, cdx.Component{
			BOMRef: "debian:" + name, Type: cdx.ComponentTypeLibrary, Name: name, PackageURL: "pkg:deb/debian/" + name + "?arch=" + p.arch,
			Scope: cdx.ScopeRequired, Properties: &[]cdx.Property{{Name: "relation", Value: strings.TrimSpace(d)}},
		})
	}
	bom.Components = &components
	refs := make([]string, 0, len(components))
	for _, c := range components {
		refs = append(refs, c.BOMRef)
	}
	slices.Sort(refs)
	bom.Dependencies = &[]cdx.Dependency{{Ref: root.BOMRef, Dependencies: &refs}}
	var b bytes.Buffer
	err := cdx.NewBOMEncoder(&b, cdx.BOMFileFormatJSON).SetPretty(true).EncodeVersion(bom, cdx.SpecVersion1_5)
	return b.Bytes(), err
}

// licence is by its SPDX name where it has one.
func licence(name string) *cdx.License {
	if slices.Contains([]string{"own", "FFT2D", "UTKFace"}, name) {
		return &cdx.License{Name: name}
	}
	return &cdx.License{ID: name}
}

// serial is a UUID of version 5, made of what is listed.
func serial(of string) string {
	u := sha1.Sum([]byte("reterminal-vision parts " + of))
	u[6], u[8] = u[6]&0x0f|0x50, u[8]&0x3f|0x80
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", u[0:4], u[4:6], u[6:8], u[8:10], u[10:16])
}
