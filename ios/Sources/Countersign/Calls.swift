import CountersignFFI
import Dispatch

/// Where the library's calls are made: never where the caller is, and never on the threads that Swift's tasks share, since
/// some derive keys for half a second and some wait for a disk.
enum Calls {
    /// Concurrent, so that a port that never answers keeps its own call waiting and no other.
    private static let queue = DispatchQueue(label: "org.countersign.calls", attributes: .concurrent)

    /// A call that blocks and can be ended early: cancelling the task cancels it.
    static func blocking<T: Sendable>(
        _ work: @escaping @Sendable (CountersignFFI.Operation) throws -> T
    ) async throws(ApiError) -> T {
        let operation = CountersignFFI.Operation()
        let result = await withTaskCancellationHandler {
            await onQueue { outcome { try work(operation) } }
        } onCancel: {
            operation.cancel()
        }
        return try result.get()
    }

    /// A call that blocks, and once it has begun is done. In a task that was cancelled before, it isn't begun.
    static func whole<T: Sendable>(_ work: @escaping @Sendable () throws -> T) async throws(ApiError) -> T {
        try await blocking { operation in
            if operation.isCancelled() { throw ApiError.cancelled }
            return try work()
        }
    }

    /// A call that blocks and is made whatever becomes of the task.
    static func always<T: Sendable>(_ work: @escaping @Sendable () -> T) async -> T {
        await onQueue(work)
    }

    /// A call that waits for a person or a network: cancelling the task cancels it.
    static func waiting<T: Sendable>(
        _ work: @escaping @Sendable (CountersignFFI.Operation) async throws -> T
    ) async throws(ApiError) -> T {
        let operation = CountersignFFI.Operation()
        let result: Result<T, ApiError> = await withTaskCancellationHandler {
            await offSharedThreads {
                do { return .success(try await work(operation)) } catch { return .failure(ApiError(error)) }
            }
        } onCancel: {
            operation.cancel()
        }
        return try result.get()
    }

    private static func onQueue<T: Sendable>(_ work: @escaping @Sendable () -> T) async -> T {
        await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: work()) }
        }
    }

    /// The library's async calls work where they are polled: some of them derive keys. Before iOS 18 and macOS 15 a task can't
    /// be told where to run, and they work on the shared threads.
    private static func offSharedThreads<T: Sendable>(_ work: @escaping @Sendable () async -> T) async -> T {
        if #available(iOS 18, macOS 15, *) {
            return await withTaskExecutorPreference(OnQueue.shared) { await work() }
        }
        return await work()
    }

    @available(iOS 18, macOS 15, *)
    private final class OnQueue: TaskExecutor {
        static let shared = OnQueue()

        func enqueue(_ job: consuming ExecutorJob) {
            let job = UnownedJob(job)
            queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
        }
    }
}
