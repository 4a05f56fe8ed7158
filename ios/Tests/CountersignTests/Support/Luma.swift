import Countersign
import Foundation
import Testing

/// Brightness, as a camera gives it: rows of `width` bytes that begin `rowStride` bytes apart.
struct Luma {
    let bytes: Data
    let width: UInt32
    let height: UInt32
    let rowStride: UInt32

    /// QR codes side by side as a camera sees them, each module `scale` pixels; rows are followed by noise that a reader must not
    /// take for pixels.
    init(_ codes: [QrMatrix], scale: Int = 4, padding: Int = 7) {
        let quiet = 4
        let side = (codes.map { Int($0.size) }.max() ?? 0) + 2 * quiet
        let (width, height) = (side * codes.count * scale, side * scale)
        var rows = Data(capacity: (width + padding) * height)
        for y in 0..<height {
            for x in 0..<width {
                let (column, row) = (x / scale, y / scale - quiet)
                let code = codes[column / side]
                let (at, size) = (column % side - quiet, Int(code.size))
                let inside = 0..<size ~= at && 0..<size ~= row
                let isDark = inside && code.modules[code.modules.startIndex + row * size + at] == 1
                rows.append(isDark ? 30 : 220)
            }
            for noise in 0..<padding { rows.append(UInt8(truncatingIfNeeded: 97 * (noise + y))) }
        }
        (bytes, self.width, self.height) = (rows, UInt32(width), UInt32(height))
        rowStride = UInt32(width + padding)
    }

    /// A picture as the demo's pages draw it: dark rectangles of whole modules.
    init(svg: String) throws {
        let view = try #require(svg.firstMatch(of: /viewBox="(-?\d+) (-?\d+) (\d+) (\d+)"/), "\(svg.prefix(300))")
        let (left, top) = (try #require(Int(view.1)), try #require(Int(view.2)))
        let side = try #require(Int(view.3))
        var modules = Data(count: side * side)
        for bar in svg.matches(of: /M(-?\d+)[ ,](-?\d+)h(\d+)v1h-\d+z/) {
            let (x, y, length) = (Int(bar.1) ?? 0, Int(bar.2) ?? 0, Int(bar.3) ?? 0)
            for column in x..<x + length { modules[(y - top) * side + column - left] = 1 }
        }
        self.init([QrMatrix(size: UInt32(side), modules: modules)])
    }
}
