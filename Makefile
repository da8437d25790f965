# Builds, runs, tests and measures the app on Debian 12 or Raspberry Pi OS bookworm (64-bit).
# Every target sets the machine up first; where that is done already, it costs a moment.
ARCH   ?= $(shell dpkg --print-architecture)
NATIVE := $(CURDIR)/.native/$(ARCH)
BIN    := build/reterminal-vision
SHARED ?= $(CURDIR)/../shared

# What `make run` passes to the app, and `make bench` to the benchmark.
ARGS       ?= --demo vehicles
BENCH_ARGS ?= --demo vehicles --threads 1,2

export PATH            := $(CURDIR)/.native/go/bin:$(PATH)
export CGO_CFLAGS      := -O3 -I$(CURDIR)/inference/include
export CGO_LDFLAGS     := -L$(NATIVE)/lib
export LD_LIBRARY_PATH := $(NATIVE)/lib
# The app touches Fyne's objects on its event loop only, so Fyne can leave its checks out.
export GOFLAGS         := -tags=migrated_fynedo
# Fyne complains about a machine without a language.
export LANGUAGE        ?= en

.PHONY: run setup build test test-v4l2 lint bench bench-go quality footage previews fonts golden robot train-setup train train-smoke clean

run: build
	$(BIN) $(ARGS)

setup:
	packaging/setup.sh $(ARCH)

# The program finds the library and the models beside itself.
build: setup
	go build -ldflags '-r $$ORIGIN/lib' -o $(BIN) .
	install -D -m 755 $(NATIVE)/lib/libtensorflowlite_c.so build/lib/libtensorflowlite_c.so
	install -D -m 644 -t build/models .native/mirror/*.tflite models/trained/*.tflite

# Tests on published models and footage need the folder $(SHARED); without it they skip and say so.
test: build lint
	RTV_BINARY=$(CURDIR)/$(BIN) RTV_SHARED=$(SHARED) RTV_REQUIRE_MEDIA=$(if $(wildcard $(SHARED)/models),1) \
		go test -race -timeout 30m ./...
	RTV_SHARED=$(SHARED) go test -timeout 15m -run TestGoldenScreens ./app

# A real V4L2 driver, the kernel's virtual camera, in a virtual machine without KVM: two and a half minutes. amd64 only.
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)
VM_PACKAGES := qemu-system-x86 linux-image-amd64 linux-headers-amd64 v4l2loopback-dkms kmod v4l-utils
test-v4l2: build build/vng/ready
	PATH=$(CURDIR)/build/vng/bin:$$PATH camera/v4l2_vm_test.sh

build/vng/ready:
	dpkg-query -W $(VM_PACKAGES) >/dev/null 2>&1 || { $(SUDO) apt-get update -q && \
		$(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -yq --no-install-recommends $(VM_PACKAGES); }
	python3 -m venv build/vng
	build/vng/bin/pip install --quiet virtme-ng==1.42
	touch $@

lint: setup
	@bad=$$(gofmt -l app assets camera inference models ui main.go); \
		[ -z "$$bad" ] || { echo "not formatted, run gofmt -w:" $$bad; exit 1; }
	go vet ./...
	go tool staticcheck ./...

# Where the time goes, as a table and in build/bench.json.
bench: build
	$(BIN) bench $(BENCH_ARGS) --json build/bench.json

# Time and allocations of each part alone.
bench-go: setup
	RTV_SHARED=$(SHARED) go test -run '^$$' -bench . -benchmem ./...

# How right the demos' models are on labelled pictures; takes minutes.
quality: setup
	RTV_QUALITY=1 RTV_SHARED=$(SHARED) RTV_REQUIRE_MEDIA=1 go test -run 'TestQuality|TestStudy' -timeout 60m -v ./app ./inference/recognize

# Draws the built-in footage anew; takes minutes.
footage: setup
	go run ./assets/footage/render -out assets/footage/traffic.mjpeg

# Films the demos at work for the gallery's cards, on the built-in footage.
previews: setup
	RTV_PREVIEWS=$(CURDIR)/assets/previews go test -count=1 -run TestRecordPreviews ./app

# Cuts the fonts for the translations out of Debian's.
fonts:
	rm -rf build/fonts && mkdir -p build/fonts && cd build/fonts && apt-get download fonts-noto-cjk && dpkg-deb -x *.deb .
	python3 -m venv build/fonts/venv && build/fonts/venv/bin/pip install --quiet fonttools==4.60.1
	build/fonts/venv/bin/python assets/font/subset.py build/fonts/usr/share/fonts/opentype/noto

# Draws every screen in every language and theme anew, as `make test` compares them, in full size in build/screens and as
# one sheet; look at them before they are kept.
SHEET := home vehicles belt lungs emotion adjust attract about-demo settings camera display visitors lock models people pin gone check
golden: setup
	rm -rf build/screens app/testdata/screens && mkdir -p build/screens
	RTV_GOLDEN=write RTV_SHOTS=$(CURDIR)/build/screens go test -count=1 -timeout 15m -run TestGoldenScreens ./app
	cd build/screens && montage $(foreach s,$(SHEET),$(s)-en-dark.png) -tile 9x2 -geometry 180x320+4+4 -background '#808080' \
		-quality 85 $(CURDIR)/assets/screenshots/screens.jpg

# A restless visitor for a quarter of an hour: ten thousand taps, swipes and long presses.
robot: build
	RTV_BINARY=$(CURDIR)/$(BIN) RTV_ROBOT=15m go test -count=1 -v -timeout 20m -run TestRobot ./app

# A network's recipe is the file in models/train that its name begins with.
RECIPES := age_gender belt embedding emotion facedetector liveness lung vehicle
PYTHON  := build/venv/bin/python

train-setup: build/venv/ready

build/venv/ready: models/train/requirements.txt
	python3 -m venv build/venv
	build/venv/bin/pip install --quiet -r $<
	touch $@

# Trains one network anew, or goes on where it was broken off: make train MODEL=belt_rip_mobilenet_025_128
train: train-setup
	@[ -n "$(MODEL)" ] || { echo "name a network: make train MODEL=belt_rip_mobilenet_025_128"; exit 1; }
	$(PYTHON) models/train/$(or $(strip $(foreach r,$(RECIPES),$(if $(filter $(r)_%,$(MODEL)),$(r)))),unknown).py --model $(MODEL) --shared $(SHARED) $(TRAIN_ARGS)
	$(PYTHON) models/train/cards.py models/trained
	$(PYTHON) models/train/catalogue.py

# A few steps of every recipe; what comes out must load and run in the app.
train-smoke: setup train-setup
	rm -rf build/smoke
	for recipe in $(RECIPES); do \
		$(PYTHON) models/train/$$recipe.py --smoke --shared $(SHARED) --work build/smoke/work --out build/smoke || exit 1; \
	done
	RTV_TRAINED=$(CURDIR)/build/smoke go test -count=1 ./models/train

clean:
	rm -rf build
