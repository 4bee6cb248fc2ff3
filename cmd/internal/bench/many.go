package main

import (
	"fmt"
	"strconv"
)

// many is measured in processor time, too: that a busy host lets somebody else run first is no work of ours.
func (b *bench) many() error {
	ports := func(n int) string { return fmt.Sprintf("%d-%d", firstOfMany, firstOfMany+n-1) }
	first := strconv.Itoa(firstOfMany)
	report := func(n int) command { return command{[]string{b.portguard, "-p", ports(n)}, 0} }
	took, err := costsInTurn(b.medium,
		b.start("-p", ports(1000)), command{[]string{b.hold, first, "1000", "/bin/true"}, 0},
		report(1000), command{[]string{b.hold, first, "1000"}, 0}, report(10_000))
	if err != nil {
		return err
	}
	const c = "a C program that makes, sets and keeps the same sockets, then exec()s"
	with, alone := took[0].over(took[1]), took[2].over(took[3])
	b.add(ratioRow("1,000 free ports with COMMAND", c, with.wall, 1.5))
	b.add(ratioRow("the same, processor time", c, with.processor, 1.5).inShort(2.5))
	b.add(ratioRow("1,000 free ports, report alone", "the same without the placeholders", alone.wall, 1.6))
	b.add(ratioRow("the same, processor time", "the same", alone.processor, 1.6).inShort(3))
	b.add(ratioRow("10,000 free ports, report alone, processor time", "1,000", took[4].over(took[2]).processor, 10.5).inShort(16))
	return b.crowded()
}

const firstOfMany = 21_000
