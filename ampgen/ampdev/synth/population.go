package synth

import "math/rand/v2"

// population draws ranks by popularity: a few heads with fixed shares, then a Pitman-Yor tail. Ranks count from 0, heads
// first. The tail is broken into sticks once; what lies beyond the last stick is so thin that every draw is a new rank.
type population struct {
	share []float64 // of the alias table's own slot
	other []uint32  // the rank that takes the rest of the slot
}

// newPopulation breaks the tail with discount d and strength theta into the given number of sticks.
func newPopulation(rng *rand.Rand, heads []float64, d, theta float64, sticks int) *population {
	weights := append([]float64(nil), heads...)
	rest := 1.0
	for _, w := range heads {
		rest -= w
	}
	for k := 1; k <= sticks; k++ {
		v := beta(rng, 1-d, theta+float64(k)*d)
		weights = append(weights, rest*v)
		rest *= 1 - v
	}
	return newAlias(append(weights, rest))
}

// newAlias builds Walker's alias table, by Vose's method. The weights sum to 1.
func newAlias(weights []float64) *population {
	n := len(weights)
	p := &population{share: make([]float64, n), other: make([]uint32, n)}
	var small, large []uint32
	for i, w := range weights {
		p.share[i] = w * float64(n)
		if p.share[i] < 1 {
			small = append(small, uint32(i))
		} else {
			large = append(large, uint32(i))
		}
	}
	for len(small) > 0 && len(large) > 0 {
		s, l := small[len(small)-1], large[len(large)-1]
		small = small[:len(small)-1]
		p.other[s] = l
		p.share[l] -= 1 - p.share[s]
		if p.share[l] < 1 {
			large = large[:len(large)-1]
			small = append(small, l)
		}
	}
	for _, i := range append(small, large...) { // only rounding is left
		p.share[i] = 1
	}
	return p
}

// draw returns a rank. The last slot is the mass beyond the sticks.
func (p *population) draw(r random) uint64 {
	slot := r.Uint64N(uint64(len(p.share)))
	if r.Float64() >= p.share[slot] {
		slot = uint64(p.other[slot])
	}
	if slot == uint64(len(p.share)-1) {
		return slot + r.Uint64()>>2
	}
	return slot
}
