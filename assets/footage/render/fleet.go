package main

// The fleet: every measure below was invented for a plausible vehicle of its kind; no maker's model is copied.

func sedan(colour vec, metal float64) *model {
	return newCar(carShape{
		body:   []pt{{2.1, .2}, {2.31, .24}, {2.37, .45}, {2.36, .62}, {2.28, .76}, {1.9, .85}, {1.2, .95}, {.9, 1.0}, {0, .99}, {-1.2, 1.02}, {-2.0, 1.06}, {-2.27, 1.05}, {-2.36, .85}, {-2.38, .5}, {-2.3, .3}, {-2.05, .24}, {-1, .19}, {1, .19}},
		cabin:  []pt{{1.25, .85}, {1.05, .98}, {.25, 1.40}, {-.15, 1.475}, {-.8, 1.48}, {-1.25, 1.42}, {-1.95, 1.08}, {-2.05, .85}},
		length: 4.74, width: 1.82, top: 1.46, roof: .60, belt: .985, axles: []float64{1.42, -1.34}, wheel: .33,
		pillars: []float64{-.95, -.13}, seams: []float64{-.98, -.12, .86}, glassFrom: -1.62, glassTo: .93, screenTop: 1.385,
		lamp: [4]float64{.5, 1, .62, .73}, tail: [4]float64{.46, 1, .78, .95}, grille: [3]float64{.42, .58, .70}, intake: [3]float64{.62, .27, .36},
		plateFront: .47, plateRear: .80, rearGlass: true,
	}, colour, metal)
}

func hatchback(colour vec, metal float64) *model {
	return newCar(carShape{
		body:   []pt{{1.8, .2}, {1.98, .25}, {2.03, .45}, {2.02, .64}, {1.93, .80}, {1.6, .90}, {1.1, .98}, {.8, 1.0}, {0, .99}, {-1, 1.02}, {-1.75, 1.08}, {-1.93, 1.02}, {-2.0, .8}, {-2.03, .5}, {-1.95, .3}, {-1.7, .24}, {-.8, .19}, {.9, .19}},
		cabin:  []pt{{1.25, .85}, {1.05, .98}, {.30, 1.42}, {-.1, 1.51}, {-.8, 1.53}, {-1.5, 1.48}, {-1.68, 1.42}, {-1.92, 1.08}, {-1.95, .85}},
		length: 4.06, width: 1.76, top: 1.51, roof: .60, belt: .985, axles: []float64{1.25, -1.25}, wheel: .31,
		pillars: []float64{-1.0, -.13}, seams: []float64{-.92, -.12, .84}, glassFrom: -1.55, glassTo: .93, screenTop: 1.42,
		lamp: [4]float64{.44, 1, .64, .79}, tail: [4]float64{.58, 1, .76, 1.04}, grille: [3]float64{.36, .60, .69}, intake: [3]float64{.6, .27, .37},
		plateFront: .49, plateRear: .70, rearGlass: true,
	}, colour, metal)
}

func suv(colour vec, metal float64) *model {
	return newCar(carShape{
		body:   []pt{{2.05, .27}, {2.24, .32}, {2.30, .55}, {2.29, .80}, {2.2, .98}, {1.8, 1.06}, {1.1, 1.13}, {.8, 1.15}, {0, 1.15}, {-1.2, 1.17}, {-2.0, 1.2}, {-2.2, 1.14}, {-2.28, .9}, {-2.31, .6}, {-2.22, .38}, {-2.0, .3}, {-1, .25}, {1, .25}},
		cabin:  []pt{{1.2, 1}, {1.05, 1.12}, {.42, 1.58}, {.05, 1.69}, {-.8, 1.72}, {-1.75, 1.67}, {-1.95, 1.60}, {-2.17, 1.2}, {-2.2, 1}},
		length: 4.62, width: 1.9, top: 1.70, roof: .65, belt: 1.14, axles: []float64{1.38, -1.36}, wheel: .37,
		pillars: []float64{-1.05, -.1}, seams: []float64{-1.0, -.09, .88}, glassFrom: -1.85, glassTo: .95, screenTop: 1.59,
		lamp: [4]float64{.55, 1, .80, .93}, tail: [4]float64{.62, 1, .86, 1.12}, grille: [3]float64{.48, .66, .89}, intake: [3]float64{.62, .36, .46},
		plateFront: .56, plateRear: .82, rearGlass: true, cladding: .42,
	}, colour, metal)
}

func deliveryVan(colour vec) *model {
	return newCar(carShape{
		body:   []pt{{2.3, .26}, {2.55, .30}, {2.62, .5}, {2.61, .75}, {2.52, 1.0}, {2.2, 1.16}, {1.75, 1.28}, {1.5, 1.3}, {0, 1.3}, {-2.3, 1.3}, {-2.6, 1.28}, {-2.62, .9}, {-2.63, .5}, {-2.55, .36}, {-2.3, .3}, {-1, .25}, {1, .25}},
		cabin:  []pt{{2.1, 1}, {1.95, 1.22}, {1.3, 1.95}, {1.05, 2.18}, {.6, 2.29}, {-.5, 2.33}, {-2.3, 2.33}, {-2.55, 2.27}, {-2.61, 1.6}, {-2.61, 1}},
		length: 5.26, width: 1.98, top: 2.31, roof: .80, belt: 1.27, axles: []float64{1.66, -1.6}, wheel: .35,
		pillars: []float64{-2}, seams: []float64{-.55, .62, 1.6}, glassFrom: .72, glassTo: 1.72, screenTop: 2.02,
		lamp: [4]float64{.56, 1.1, .80, 1.02}, tail: [4]float64{.84, 1.1, .9, 1.45}, grille: [3]float64{.5, .76, .95}, intake: [3]float64{.68, .36, .48},
		plateFront: .60, plateRear: .70, cladding: .40,
	}, colour, 0)
}
