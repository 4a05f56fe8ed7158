/// Values that keep coming, the latest first of all: who is slow to take them misses those between.
///
/// Each loop over it does its own work, and only while it runs: nothing is computed, sent or kept awake before it begins and
/// after it has ended, been left, or its task cancelled. What an ``Updates`` throws is an ``ApiError``.
public struct Updates<Element: Sendable>: AsyncSequence, Sendable {
    typealias Work = @Sendable (_ emit: @Sendable (Element) -> Void) async throws(ApiError) -> Void

    private let work: Work

    init(_ work: @escaping Work) {
        self.work = work
    }

    /// Begins.
    public func makeAsyncIterator() -> Iterator {
        Iterator(work)
    }

    /// The values of one loop.
    public struct Iterator: AsyncIteratorProtocol {
        private var values: AsyncThrowingStream<Element, any Error>.Iterator

        init(_ work: @escaping Work) {
            let (stream, sink) = AsyncThrowingStream<Element, any Error>.makeStream(
                bufferingPolicy: .bufferingNewest(1)
            )
            let task = Task {
                do throws(ApiError) {
                    try await work { sink.yield($0) }
                    sink.finish()
                } catch {
                    sink.finish(throwing: error)
                }
            }
            sink.onTermination = { _ in task.cancel() }
            values = stream.makeAsyncIterator()
        }

        /// The next value; nil at the end, and in a task that was cancelled.
        public mutating func next() async throws -> Element? {
            try await values.next()
        }
    }
}
