# Builds, runs, tests and measures the app on Debian 12 or Raspberry Pi OS bookworm (64-bit).
# Every target sets the machine up first; where that is done already, it costs a moment.
ARCH   ?= $(shell dpkg --print-architecture)
NATIVE := $(CURDIR)/.native/$(ARCH)
BIN    := build/reterminal-vision
SHARED ?= $(CURDIR)/../shared

# What `make run` passes to the app, and `make bench` to the benchmark.
ARGS       ?= --demo vehicles
BENCH_ARGS ?= --demo vehicles --threads 1,2

SUDO := $(if $(filter 0,$(shell id -u)),,sudo)

export PATH            := $(CURDIR)/.native/go/bin:$(PATH)
export CGO_CFLAGS      := -O3 -I$(CURDIR)/inference/include
export CGO_LDFLAGS     := -L$(NATIVE)/lib
export LD_LIBRARY_PATH := $(NATIVE)/lib
# The app touches Fyne's objects on its event loop only, so Fyne can leave its checks out.
export GOFLAGS         := -tags=migrated_fynedo,no_emoji
# The release of Go that go.mod names, where the machine's own is older.
export GOTOOLCHAIN     := auto
# Fyne complains in tests about a machine without a language.
export LANGUAGE        ?= en

.PHONY: run setup build deb release test test-v4l2 test-deb test-packages test-boot kiosk-picture test-arm64 lint audit fuzz shape bench bench-go compare official quality footage previews fonts golden robot soak lock test-requirements train-setup train-data train train-all train-smoke nightly clean

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
	RTV_SHARED=$(SHARED) go test -timeout 15m -run TestGoldenScreens ./app/shell
	RTV_SHARED=$(SHARED) go test -tags purego ./camera/... # what is tested against C, as it builds without

# The package, build/deb/reterminal-vision_VERSION_ARCH.deb; for the reTerminal: make deb ARCH=arm64
deb: setup build/deb/ready
	packaging/deb/build.sh $(ARCH)

# Both packages with checksums, changelog and a page about them, in build/release.
release:
	$(MAKE) deb ARCH=amd64
	$(MAKE) deb ARCH=arm64
	packaging/release.sh

PACKAGE_TOOLS := dpkg-dev lintian appstream desktop-file-utils mmdebstrap qemu-user-static arch-test e2fsprogs
build/deb/ready:
	dpkg-query -W $(PACKAGE_TOOLS) >/dev/null 2>&1 || { $(SUDO) apt-get update -q && \
		$(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -yq --no-install-recommends $(PACKAGE_TOOLS); }
	mkdir -p build/deb && touch $@

# What Debian asks of the package, and its life in a clean root of ARCH: install, every demo, upgrade, remove, purge.
test-deb: setup build/deb/ready
	packaging/test/deb.sh $(ARCH)

# The same on both architectures, whose demos must find the same; arm64 is emulated, half an hour. Each second build is
# from another folder with nothing compiled.
test-packages: export RTV_AFRESH = 1
test-packages:
	$(MAKE) test-deb ARCH=amd64
	$(MAKE) test-deb ARCH=arm64

# The package in a machine that boots into it, in QEMU: a quarter of an hour without KVM.
BOOT_PACKAGES := qemu-system-x86
test-boot: setup build/deb/ready
	dpkg-query -W $(BOOT_PACKAGES) >/dev/null 2>&1 || { $(SUDO) apt-get update -q && \
		$(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -yq --no-install-recommends $(BOOT_PACKAGES); }
	packaging/test/boot.sh $$(packaging/deb/build.sh amd64)

# The README's picture of the kiosk, of what the test before has left.
kiosk-picture:
	montage build/boot/1-booted.png build/boot/6-turned.png -tile 2x1 -geometry 270x480+6+6 -background '#808080' \
		-quality 85 assets/screenshots/kiosk.jpg

# A real V4L2 driver, the kernel's virtual camera, in a virtual machine without KVM: two and a half minutes. amd64 only.
VM_PACKAGES := busybox-static qemu-system-x86 linux-image-amd64 linux-headers-amd64 v4l2loopback-dkms kmod v4l-utils
test-v4l2: build build/vng/ready
	PATH=$(CURDIR)/build/vng/bin:$$PATH camera/v4l2_vm_test.sh

build/vng/ready:
	dpkg-query -W $(VM_PACKAGES) >/dev/null 2>&1 || { $(SUDO) apt-get update -q && \
		$(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -yq --no-install-recommends $(VM_PACKAGES); }
	python3 -m venv build/vng
	build/vng/bin/pip install --quiet --require-hashes -r packaging/requirements/vng.txt
	touch $@

lint: setup
	@bad=$$(gofmt -l app assets camera inference models packaging ui main.go); \
		[ -z "$$bad" ] || { echo "not formatted, run gofmt -w:" $$bad; exit 1; }
	go vet ./...
	go vet -tags purego ./camera/...
	go tool staticcheck ./...

# How large the packages are, and what breaks the rules of docs/architecture.md.
shape: setup
	go run ./tools/shape

# Known vulnerabilities, hashes and licences of what the app is made of.
audit: setup
	packaging/audit.sh

# Searches for input that brings the app down: so long for each of some twenty targets, or for those whose name holds
# FUZZ. make fuzz FUZZTIME=1h FUZZ=people
FUZZTIME ?= 1m
fuzz: setup
	packaging/fuzz.sh $(FUZZTIME) $(FUZZ)

# Where the time goes, as a table and in build/bench.json.
bench: build
	$(BIN) bench $(BENCH_ARGS) --json build/bench.json

# Time and allocations of each part alone.
bench-go: setup
	RTV_SHARED=$(SHARED) go test -run '^$$' -bench . -benchmem ./...

# Beside a Python script that does the same with OpenCV and LiteRT; then what the window, a start and memory cost. Takes
# minutes, on a machine that does nothing else: make compare COMPARE='speed' COMPARE_ARGS='--only ssd --rounds 9'
COMPARE ?= speed window start memory
compare: build build/peer-venv/ready
	for what in $(COMPARE); do RTV_SHARED=$(SHARED) python3 app/peer/compare.py $$what $(COMPARE_ARGS) || exit 1; done

build/peer-venv/ready: app/peer/requirements.txt | setup
	python3 -m venv build/peer-venv
	build/peer-venv/bin/pip install --quiet --require-hashes -r $<
	touch $@

# The build for the reTerminal under qemu-user, on an amd64 machine: the same results as here, NEON code included, and
# delegates that go wrong in processes of their own, for which the kernel has to know that emulator.
ARM64_GO := GOARCH=arm64 CGO_ENABLED=1 CC=aarch64-linux-gnu-gcc CXX=aarch64-linux-gnu-g++ CGO_LDFLAGS=-L$(CURDIR)/.native/arm64/lib \
	PKG_CONFIG_LIBDIR=/usr/lib/aarch64-linux-gnu/pkgconfig:/usr/share/pkgconfig go
ARM64_NEON := camera:ToRGBA|Scaler|Turn inference:Resize|Formats|Outputs|Letterbox|Warp|BadDelegates inference/segment:Argmax inference/face:Warp|Crops app/benchmark:TestDelegates
test-arm64: build build/deb/ready
	packaging/setup.sh arm64
	$(SUDO) sh -c 'cd /proc/sys/fs/binfmt_misc && { [ -e register ] || mount -t binfmt_misc binfmt_misc .; } && cd . && \
		{ [ -e qemu-aarch64 ] || cat /usr/lib/binfmt.d/qemu-aarch64.conf >register; }'
	install -D -m 755 .native/arm64/lib/libtensorflowlite_c.so build/arm64/lib/libtensorflowlite_c.so
	$(ARM64_GO) build -ldflags '-r $$ORIGIN/lib' -o build/arm64/reterminal-vision .
	for part in $(foreach n,$(ARM64_NEON),'$(n)'); do \
		package=$${part%%:*}; test=build/arm64/$$(basename $$package).test; \
		$(ARM64_GO) test -c -ldflags "-r $(CURDIR)/build/arm64/lib" -o $$test ./$$package && \
		(cd $$package && RTV_SHARED=$(SHARED) RTV_CC=aarch64-linux-gnu-gcc LD_LIBRARY_PATH= qemu-aarch64-static $(CURDIR)/$$test -test.run "$${part#*:}") || exit 1; \
	done
	RTV_SHARED=$(SHARED) LD_LIBRARY_PATH= python3 app/peer/arm64.py

# What the benchmark measures beside what the maker's own litert-benchmark tells, and the interpreters of two LiteRT
# wheels, of the library's generation and of the tool's, on the same models.
official: setup build/litert/ready build/litert-new/ready
	RTV_LITERT=$(CURDIR)/build/litert/bin RTV_LITERT_NEW=$(CURDIR)/build/litert-new/bin RTV_SHARED=$(SHARED) \
		go test -count=1 -v -timeout 30m -run TestAgainstOfficial ./app/benchmark

build/litert/ready build/litert-new/ready: build/%/ready: app/benchmark/testdata/%.txt | setup
	python3 -m venv build/$*
	build/$*/bin/pip install --quiet --require-hashes -r $<
	touch $@

# How right the demos' models are on labelled pictures, as a table and in models/accuracy.json, which takes minutes; and
# on left-out sources, beside what was before, in models/QUALITY.md.
quality: setup
	python3 models/train/quality.py
	RTV_QUALITY=1 RTV_ACCURACY=$(CURDIR)/models/accuracy.json RTV_SHARED=$(SHARED) RTV_REQUIRE_MEDIA=1 go test -p 1 -run 'TestQuality|TestStudy' -timeout 60m -v ./app ./inference/recognize

# Draws the built-in footage anew; takes minutes.
footage: setup
	go run ./assets/footage/render -out assets/demos/vehicles

# Films the demos at work for the gallery's cards, on the built-in footage.
previews: setup
	RTV_PREVIEWS=$(CURDIR)/assets/demos go test -count=1 -run TestRecordPreviews ./app

# Cuts the fonts for the translations out of Debian's.
fonts: setup
	rm -rf build/fonts && mkdir -p build/fonts && cd build/fonts && apt-get download fonts-noto-cjk && dpkg-deb -x *.deb .
	python3 -m venv build/fonts/venv && build/fonts/venv/bin/pip install --quiet --require-hashes -r packaging/requirements/fonts.txt
	build/fonts/venv/bin/python assets/font/subset.py build/fonts/usr/share/fonts/opentype/noto

# Draws every screen in every language and theme anew, as `make test` compares them, in full size in build/screens and as
# one sheet; look at them before they are kept. Some of them, without the sheet: make golden SCREENS='lungs about-demo'
SHEET := home vehicles belt lungs emotion adjust attract about-demo settings camera display visitors lock models people pin gone check
golden: setup
	rm -rf build/screens $(if $(SCREENS),,app/shell/testdata/screens) && mkdir -p build/screens
	RTV_GOLDEN=write RTV_SCREENS='$(SCREENS)' RTV_SHOTS=$(CURDIR)/build/screens go test -count=1 -timeout 15m -run TestGoldenScreens ./app/shell
	$(if $(SCREENS),exit 0;) cd build/screens && montage $(foreach s,$(SHEET),$(s)-en-dark.png) -tile 9x2 -geometry 180x320+4+4 -background '#808080' \
		-quality 85 $(CURDIR)/assets/screenshots/screens.jpg

# A restless visitor for a quarter of an hour: ten thousand taps, swipes and long presses.
robot: build
	RTV_BINARY=$(CURDIR)/$(BIN) RTV_ROBOT=15m go test -count=1 -v -timeout 20m -run TestRobot ./app

# Uses and strikes the app for ten minutes or as long as SOAK says, as SOAK=24h: samples, plots and a table in build/soak.
SOAK ?= 10m
soak: build
	RTV_BINARY=$(CURDIR)/$(BIN) RTV_SHARED=$(SHARED) SOAK=$(SOAK) SOAK_OUT=$(CURDIR)/build/soak go test -count=1 -v -timeout 0 -run TestSoak ./app

# The Pythons of Debian 12 and 13, which the lists of Python packages are for.
RTV_PYTHONS ?= python3.11 python3.13
LISTS := models/train/requirements.in app/peer/requirements.in $(wildcard packaging/requirements/*.in app/benchmark/testdata/*.in)

# Chooses the versions and hashes of all Python packages anew, from what the .in files ask for: a list's .txt is made by this.
lock:
	python3 packaging/requirements/lock.py "$(RTV_PYTHONS)" $(LISTS)

# Whether pip takes every list, on python3 and on all of RTV_PYTHONS that the machine has; downloads gigabytes.
test-requirements: setup
	RTV_PYTHONS="$(RTV_PYTHONS)" go test -count=1 -v -timeout 3h -run TestRequirementsInstall ./packaging

# A network's recipe is the file in models/train that its name begins with.
RECIPES := age_gender belt embedding emotion facedetector liveness lung vehicle
PYTHON  := build/venv/bin/python

train-setup: build/venv/ready

build/venv/ready: models/train/requirements.txt | setup
	python3 -m venv build/venv
	build/venv/bin/pip install --quiet --require-hashes -r $<
	touch $@

# The pictures the recipes learn from, in build/data, out of public repositories at pinned commits. Of clones in FROM
# instead of the network, or single sets: make train-data FROM=../clones SETS='vehicles lung'
train-data: train-setup
	$(PYTHON) models/train/data.py $(if $(FROM),--from $(FROM)) --shared $(SHARED) $(SETS)

# Trains one network anew, or goes on where it was broken off: make train MODEL=belt_rip_mobilenet_025_256
train: train-setup
	@[ -n "$(MODEL)" ] || { echo "name a network: make train MODEL=belt_rip_mobilenet_025_256"; exit 1; }
	$(PYTHON) models/train/$(or $(strip $(foreach r,$(RECIPES),$(if $(filter $(r)_%,$(MODEL)),$(r)))),unknown).py --model $(MODEL) --shared $(SHARED) $(TRAIN_ARGS)
	$(PYTHON) models/train/cards.py models/trained
	$(PYTHON) models/train/catalogue.py

# Every network, one after the other and after all else that the machine does; each goes on where it was broken off.
NETWORKS := $(foreach n,025_224 050_224 075_320 100_320,vehicle_yolov2_mobilenet_$(n)) vehicle_kinds_yolov2_mobilenet_050_224 \
	lung_mobilenet_025_256 belt_rip_mobilenet_025_256 liveness_mobilenet_025_128 facedetector_mobilenet_025_320 \
	age_gender_mobilefacenet_050_64 emotion_mobilefacenet_050_48 embedding_mobilefacenet_112
train-all: train-data
	for model in $(NETWORKS); do flock build/train.lock nice -n 19 $(MAKE) train MODEL=$$model || exit 1; done

# A few steps of every recipe; what comes out must load and run in the app.
train-smoke: setup train-data
	$(PYTHON) -m unittest discover models/train
	rm -rf build/smoke
	for recipe in $(RECIPES); do \
		$(PYTHON) models/train/$$recipe.py --smoke --shared $(SHARED) --work build/smoke/work --out build/smoke || exit 1; \
	done
	RTV_TRAINED=$(CURDIR)/build/smoke go test -count=1 ./models/train

# What takes hours, all of it even where a part fails.
nightly:
	failed=; for what in train-smoke test-requirements 'soak SOAK=2h' 'fuzz FUZZTIME=10m' test-boot; do \
		$(MAKE) $$what || failed="$$failed, $$what"; \
	done; [ -z "$$failed" ] || { echo "nightly: failed$$failed" >&2; exit 1; }

clean:
	rm -rf build
