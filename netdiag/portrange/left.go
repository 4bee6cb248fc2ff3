package portrange

// Fewest is how many ports a host should have for outgoing connections.
const Fewest = 1024

// Left is how many ports of the range the kernel can still pick when it has lost these, and whether that is enough. It is as
// well when they take nothing from what is left without them: another has made it too few.
func (r Range) Left(lost, without Set) (ports int, enough bool) {
	whole := Set{r}
	ports = whole.Minus(lost).Len()
	return ports, ports >= Fewest || ports == whole.Minus(without).Len()
}
