// swift-tools-version: 6.0
import PackageDescription

// ios/prepare.sh makes everything under Generated: the library, and the sources that speak to it.
let library = "\(Context.packageDirectory)/Generated/lib"

let package = Package(
    name: "Countersign",
    platforms: [.iOS(.v17), .macOS(.v14)],
    products: [
        .library(name: "Countersign", targets: ["Countersign"])
    ],
    targets: [
        .systemLibrary(name: "CountersignC", path: "Generated/swift/CountersignC"),
        .target(
            name: "CountersignFFI",
            dependencies: ["CountersignC"],
            path: "Generated/swift/CountersignFFI",
            // The compiler crashes on UniFFI's code in Swift 6 mode.
            swiftSettings: [.swiftLanguageMode(.v5)],
            linkerSettings: [.unsafeFlags(["-L\(library)"]), .linkedLibrary("countersign_ffi")]
        ),
        .target(name: "Countersign", dependencies: ["CountersignFFI"]),
        .testTarget(name: "CountersignTests", dependencies: ["Countersign"]),
    ],
    swiftLanguageModes: [.v6]
)
