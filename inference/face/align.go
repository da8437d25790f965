package face

import "reterminal-vision/inference"

// Similarity is a rotation, uniform scale and shift, row by row as a 2x3
// matrix [a b tx; c d ty], leading from model pixels to frame pixels.
type Similarity [6]float32

// Point maps p from model pixels to frame pixels.
func (m Similarity) Point(p inference.Point) inference.Point {
	return inference.Point{X: m[0]*p.X + m[1]*p.Y + m[2], Y: m[3]*p.X + m[4]*p.Y + m[5]}
}

// Skeleton describes the keypoints of a face, left and right as seen in the
// picture.
var Skeleton = &inference.Skeleton{Names: []string{"left eye", "right eye", "nose", "left mouth corner", "right mouth corner"}}

// Landmarks are the five keypoints of Skeleton, in its order.
type Landmarks [5]inference.Point

// LandmarksOf are those of a face, in frame pixels; without a Skeleton they are
// all zero, which Align refuses.
func LandmarksOf(o *inference.Object) (l Landmarks) {
	if o.Skeleton == Skeleton {
		for i := range l {
			l[i] = o.Keypoints[i].Point
		}
	}
	return l
}

// Template112 is where recognition networks of 112x112 pixels expect the
// landmarks (ArcFace, Deng et al. 2019).
var Template112 = Landmarks{
	{X: 38.2946, Y: 51.6963},
	{X: 73.5318, Y: 51.5014},
	{X: 56.0252, Y: 71.7366},
	{X: 41.5493, Y: 92.3655},
	{X: 70.7299, Y: 92.2041},
}

// Template112x96 is the same for networks of 96 pixels across and 112 down:
// the square template less eight pixels at either side.
var Template112x96 = shifted(Template112, -8)

func shifted(t Landmarks, dx float32) Landmarks {
	for i := range t {
		t[i].X += dx
	}
	return t
}

// leastLikeness is the correlation of two point sets, 0..1, below which no rotation
// takes one to the other in any useful sense.
const leastLikeness = 0.01

// Align is the similarity that takes the points from nearest to the points
// to in least squares, without reflection (Umeyama, "Least-squares estimation
// of transformation parameters between two point patterns", 1991). For a
// Warper, from are template points and to the face's landmarks in the frame.
// It is false when there are fewer than two points, the counts differ, the
// points coincide or are not finite, or one set hardly resembles the other.
func Align(from, to []inference.Point) (Similarity, bool) {
	n := float64(len(from))
	if len(from) < 2 || len(from) != len(to) {
		return Similarity{}, false
	}
	var fx, fy, tx, ty float64
	for i := range from {
		fx, fy = fx+float64(from[i].X)/n, fy+float64(from[i].Y)/n
		tx, ty = tx+float64(to[i].X)/n, ty+float64(to[i].Y)/n
	}
	// In the plane Umeyama's rotation has a closed form: the pair (dot, cross)
	// points along it.
	var dot, cross, spread, target float64
	for i := range from {
		ax, ay := float64(from[i].X)-fx, float64(from[i].Y)-fy
		bx, by := float64(to[i].X)-tx, float64(to[i].Y)-ty
		dot += ax*bx + ay*by
		cross += ax*by - ay*bx
		spread += ax*ax + ay*ay
		target += bx*bx + by*by
	}
	const near = 1e-6 // square pixels
	// Comparisons with NaN are false, so such points end here too.
	if !(spread > near && target > near) || !(dot*dot+cross*cross > leastLikeness*leastLikeness*spread*target) {
		return Similarity{}, false
	}
	a, b := dot/spread, cross/spread
	return Similarity{
		float32(a), float32(-b), float32(tx - a*fx + b*fy),
		float32(b), float32(a), float32(ty - b*fx - a*fy),
	}, true
}
