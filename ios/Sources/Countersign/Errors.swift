import CountersignFFI

extension ApiError {
    /// The exact cause, for support and for texts in the person's language. `docs/bindings.md` lists all of them.
    public var code: String {
        switch self {
        case .WrongPassword(_, _, _, let code),
            .Locked(let code),
            .NotSupported(_, _, let code),
            .InvalidInput(_, _, let code),
            .AlreadyThere(_, _, let code),
            .Damaged(_, let code),
            .Storage(_, let code),
            .KeysGone(_, let code),
            .Rejected(_, let code),
            .Network(_, let code),
            .Cancelled(let code),
            .Internal(_, let code):
            code
        }
    }

    static let cancelled = ApiError.Cancelled(code: "cancelled")

    /// An error of the generated code. What is none of the library's own is a failure inside of it; what it says of itself is
    /// dropped, since nobody has looked whether it may be shown.
    init(_ error: any Error) {
        switch error {
        case let error as ApiError: self = error
        case is CancellationError: self = .cancelled
        default: self = .Internal(reason: "the library failed", code: "internal")
        }
    }
}

/// What the work gives, or why it failed.
func outcome<T>(_ work: () throws -> T) -> Result<T, ApiError> {
    do { return .success(try work()) } catch { return .failure(ApiError(error)) }
}

/// A call that is over at once, made where the caller is.
func direct<T>(_ work: () throws -> T) throws(ApiError) -> T {
    try outcome(work).get()
}
