//! A code drawn: SVG, terminal, luma.

use std::fmt::Write;

use crate::encode::Matrix;

/// The quiet zone that the standard asks for, modules.
const QUIET: usize = 4;

/// How a terminal shows the light modules of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ink {
    /// With escape sequences for black and white: right on any terminal that knows colours.
    #[default]
    Colours,
    /// Plain characters, for light text on a dark ground: light modules are drawn.
    LightOnDark,
    /// Plain characters, for dark text on a light ground: dark modules are drawn.
    DarkOnLight,
}

impl Matrix {
    /// An SVG document: one path on white, a quiet zone of 4 modules, one unit a module, scalable to any size.
    #[must_use]
    pub fn to_svg(&self) -> String {
        let side = self.size() + 2 * QUIET;
        let mut path = String::new();
        for y in 0..self.size() {
            let mut x = 0;
            while x < self.size() {
                let run = (x..self.size()).take_while(|x| self.is_dark(*x, y)).count();
                if run > 0 {
                    // Writing to a string does not fail.
                    let _ = write!(path, "M{} {}h{run}v1h-{run}z", x + QUIET, y + QUIET);
                }
                x += run.max(1);
            }
        }
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\">\
             <path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/><path d=\"{path}\"/></svg>\n"
        )
    }

    /// Lines of half-block characters, two rows of modules a line, with a quiet zone of `quiet` modules (4 by the
    /// standard, 2 is enough for most readers; at most 16). Each line ends with a line feed.
    #[must_use]
    pub fn to_terminal(&self, ink: Ink, quiet: usize) -> String {
        let quiet = quiet.min(16);
        let side = self.size() + 2 * quiet;
        let dark = |x: usize, y: usize| {
            x.checked_sub(quiet).zip(y.checked_sub(quiet)).is_some_and(|(x, y)| self.is_dark(x, y))
        };
        let (start, end, drawn) = match ink {
            Ink::Colours => ("\u{1b}[38;5;16;48;5;231m", "\u{1b}[0m\n", true),
            Ink::LightOnDark => ("", "\n", false),
            Ink::DarkOnLight => ("", "\n", true),
        };
        let mut text = String::new();
        for y in (0..side).step_by(2) {
            text.push_str(start);
            // Below the last row of an odd height is ground, which nothing draws on.
            text.extend((0..side).map(|x| match (dark(x, y) == drawn, y + 1 < side && dark(x, y + 1) == drawn) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            }));
            text.push_str(end);
        }
        text
    }

    /// Luma bytes, 0 and 255, without padding, and the picture's side in pixels: `scale` pixels a module (1 to 40; what is
    /// outside is taken as the nearer end), a quiet zone of 4 modules.
    #[must_use]
    pub fn to_luma(&self, scale: usize) -> (Vec<u8>, usize) {
        let scale = scale.clamp(1, 40);
        let side = (self.size() + 2 * QUIET) * scale;
        let dark = |at: usize| (at / scale).checked_sub(QUIET);
        let pixel = |x: usize, y: usize| dark(x).zip(dark(y)).is_some_and(|(x, y)| self.is_dark(x, y));
        let bytes = (0..side * side).map(|at| if pixel(at % side, at / side) { 0 } else { 255 }).collect();
        (bytes, side)
    }
}

#[cfg(test)]
mod tests {
    use super::Ink;
    use crate::{Level, encode};

    #[test]
    fn terminal_text_has_half_as_many_lines_as_rows() {
        let code = encode("HELLO", Level::Low).unwrap();
        for (ink, first) in
            [(Ink::LightOnDark, "█"), (Ink::DarkOnLight, " "), (Ink::Colours, "\u{1b}[38;5;16;48;5;231m ")]
        {
            let text = code.to_terminal(ink, 2);
            assert_eq!(text.lines().count(), 13);
            assert!(text.starts_with(first));
        }
        let line = code.to_terminal(Ink::DarkOnLight, 2).lines().nth(1).unwrap().to_owned();
        assert!(line.starts_with("  █▀▀▀▀▀█ "), "the top of a finder: {line}");
        assert_eq!(line.chars().count(), 25);
    }

    #[test]
    fn svg_draws_each_run_of_dark_modules() {
        let svg = encode("HELLO", Level::Low).unwrap().to_svg();
        assert!(svg.contains("viewBox=\"0 0 29 29\"") && svg.contains("M4 4h7v1h-7z"));
    }
}
