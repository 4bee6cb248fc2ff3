package mend

import "strings"

// Closest is the word that was probably meant, "" when it is none of these. What is shorter than three letters is close to too many.
func Closest(typed string, words []string) string {
	best, near := "", min(len(typed)-1, 5)/2 // one mistake in three or four letters, two in more
	for _, w := range words {
		if d := distance(strings.ToLower(typed), w); d == 0 || d <= near {
			best, near = w, d-1
		}
	}
	return best
}

// distance is how many letters were left out, added, mistaken, or typed one before the other.
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		for j := range rows[i] {
			switch {
			case i == 0 || j == 0:
				rows[i][j] = i + j
				continue
			case a[i-1] == b[j-1]:
				rows[i][j] = rows[i-1][j-1]
			default:
				rows[i][j] = 1 + min(rows[i-1][j-1], rows[i-1][j], rows[i][j-1])
			}
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
