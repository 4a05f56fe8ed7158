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
        .systemLibrary(name: "CountersignTestingC", path: "Generated/testing/CountersignTestingC"),
        .target(
            name: "CountersignTesting",
            dependencies: ["CountersignTestingC"],
            path: "Generated/testing/CountersignTesting",
            swiftSettings: [.swiftLanguageMode(.v5)],
            linkerSettings: [
                .unsafeFlags(["-L\(library)", "-Xlinker", "-rpath", "-Xlinker", library]),
                .linkedLibrary("countersign_testing"),
            ]
        ),
        // What a test starts as a process of its own, and kills.
        .executableTarget(
            name: "CountersignVictim",
            dependencies: ["Countersign", "CountersignTesting"],
            path: "Tests/CountersignVictim"
        ),
        .executableTarget(
            name: "CountersignBench",
            dependencies: ["Countersign", "CountersignTesting"],
            path: "Tests/CountersignBench"
        ),
        .testTarget(
            name: "CountersignTests",
            dependencies: ["Countersign", "CountersignTesting", "CountersignVictim"]
        ),
    ],
    swiftLanguageModes: [.v6]
)
