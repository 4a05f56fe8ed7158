//! What is different between two texts, line by line.

/// The lines that were removed, with `-`, and that were added, with `+`, each in its place; empty where nothing is different.
pub(crate) fn lines(before: &str, after: &str) -> Vec<String> {
    let (before, after): (Vec<_>, Vec<_>) = (before.lines().collect(), after.lines().collect());
    let same = before.iter().zip(&after).take_while(|(a, b)| a == b).count();
    let (before, after) = (before.get(same..).unwrap_or_default(), after.get(same..).unwrap_or_default());
    let same = before.iter().rev().zip(after.iter().rev()).take_while(|(a, b)| a == b).count();
    let before = before.get(..before.len().saturating_sub(same)).unwrap_or_default();
    let after = after.get(..after.len().saturating_sub(same)).unwrap_or_default();
    walk(before, after)
}

/// How many lines were added, and how many removed.
pub(crate) fn count(differences: &[String]) -> (usize, usize) {
    let added = differences.iter().filter(|line| line.starts_with('+')).count();
    (added, differences.len().saturating_sub(added))
}

/// By the longest common subsequence of what lies between the first and the last difference.
fn walk(before: &[&str], after: &[&str]) -> Vec<String> {
    let width = after.len() + 1;
    let mut longest = vec![0_u32; (before.len() + 1) * width];
    let at = |longest: &[u32], row: usize, column: usize| longest.get(row * width + column).copied().unwrap_or(0);
    for (row, old) in before.iter().enumerate().rev() {
        for (column, new) in after.iter().enumerate().rev() {
            let best = if old == new {
                at(&longest, row + 1, column + 1) + 1
            } else {
                at(&longest, row + 1, column).max(at(&longest, row, column + 1))
            };
            if let Some(place) = longest.get_mut(row * width + column) {
                *place = best;
            }
        }
    }
    let (mut row, mut column, mut differences) = (0, 0, Vec::new());
    loop {
        match (before.get(row), after.get(column)) {
            (None, None) => return differences,
            (Some(old), Some(new)) if old == new => (row, column) = (row + 1, column + 1),
            (Some(old), new) if new.is_none() || at(&longest, row + 1, column) >= at(&longest, row, column + 1) => {
                differences.push(format!("-{old}"));
                row += 1;
            }
            (_, Some(new)) => {
                differences.push(format!("+{new}"));
                column += 1;
            }
            (Some(_), None) => row += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{count, lines};

    #[test]
    fn what_changed_is_named_and_nothing_else() {
        assert!(lines("a\nb\n", "a\nb\n").is_empty());
        let differences = lines("a\nb\nc\nd\ne\n", "a\nx\nc\nd\ny\nz\ne\n");
        assert_eq!(differences, ["-b", "+x", "+y", "+z"]);
        assert_eq!(count(&differences), (3, 1));
        assert_eq!(lines("", "a\n"), ["+a"]);
        assert_eq!(lines("a\na\nb\n", "a\n"), ["-a", "-b"]);
    }
}
