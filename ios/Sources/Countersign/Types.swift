import CountersignFFI

// What crosses by value, under the names that the Rust library gives it. Objects that only hold something, such as a draft,
// are the library's own too. `Operation`, `Progress` and `Scanner` are not here: Foundation has other things of those names.

// MARK: Errors

/// What went wrong, by what the person can do about it. Every throwing call of this package throws this and nothing else, so that
/// `catch let error as ApiError` and an exhaustive `switch` handle all. ``ApiError/code`` names the exact cause.
///
/// Signatures say `throws` without the type: Swift 6.0's compiler crashes on a `catch` with a pattern after calls that name it.
public typealias ApiError = CountersignFFI.ApiError
/// Why the platform did not do what was asked: what ports throw.
public typealias PortError = CountersignFFI.PortError
/// Why nothing came back from a server: what ``HttpClient`` throws.
public typealias HttpError = CountersignFFI.HttpError

// MARK: Ports, which an app implements

/// What the platform gives an authenticator. Each part may be missing; what needs it then says so.
public typealias Platform = CountersignFFI.Platform
/// Public keys that a host's certificate must have one of.
public typealias PinnedHost = CountersignFFI.PinnedHost
/// Sends requests. ``URLSessionHttpClient`` is one.
public typealias HttpClient = CountersignFFI.HttpClient
/// A request to send.
public typealias HttpRequest = CountersignFFI.HttpRequest
/// A header of a request.
public typealias HttpHeader = CountersignFFI.HttpHeader
/// A server's answer.
public typealias HttpResponse = CountersignFFI.HttpResponse
/// A keystore that wraps keys, such as a Secure Enclave.
public typealias KeyWrapper = CountersignFFI.KeyWrapper
/// What a wrapped key is for.
public typealias KeyUse = CountersignFFI.KeyUse
/// A keystore that signs with P-256 and SHA-256.
public typealias DeviceSigner = CountersignFFI.DeviceSigner
/// A key that a signer made.
public typealias DeviceKey = CountersignFFI.DeviceKey
/// What a signing key is used for.
public typealias KeyPurpose = CountersignFFI.KeyPurpose
/// Proof that keys live in hardware.
public typealias KeyAttestation = CountersignFFI.KeyAttestation
/// What the prompt of a signature is about.
public typealias SignPrompt = CountersignFFI.SignPrompt
/// Why a signature is asked for.
public typealias SignReason = CountersignFFI.SignReason
/// A place for backups.
public typealias BackupSink = CountersignFFI.BackupSink
/// The time. Shadows the standard library's protocol where this module is imported: that one is `Swift.Clock`.
public typealias Clock = CountersignFFI.Clock
/// Notices a vault's file that is older than this device has seen.
public typealias Counter = CountersignFFI.Counter

// MARK: The vault

/// What a look at the whole vault found.
public typealias Report = CountersignFFI.Report
/// One thing that is not as the vault last wrote it.
public typealias Finding = CountersignFFI.Finding
/// A way to unlock.
public typealias SlotInfo = CountersignFFI.SlotInfo
/// What opens a slot.
public typealias SlotKind = CountersignFFI.SlotKind
/// What the person set.
public typealias Settings = CountersignFFI.Settings
/// What has changed.
public typealias Change = CountersignFFI.Change
/// What a rotation leads to.
public typealias Rotated = CountersignFFI.Rotated
/// What opens a backup or a destroyed vault.
public typealias FileKey = CountersignFFI.FileKey
/// Something secret that a person typed, kept in memory that is wiped.
public typealias SecretInput = CountersignFFI.SecretInput
/// A new recovery code, to be shown once.
public typealias RecoveryCode = CountersignFFI.RecoveryCode

// MARK: Accounts

/// An account, without its secret.
public typealias AccountInfo = CountersignFFI.AccountInfo
/// Which accounts a list shows.
public typealias AccountFilter = CountersignFFI.AccountFilter
/// A code, how long it is good for, and the one after it. Not for logs.
public typealias AccountCode = CountersignFFI.AccountCode
/// How an account is named, sorted and found.
public typealias Profile = CountersignFFI.Profile
/// A kind of one-time password.
public typealias OtpKind = CountersignFFI.OtpKind
/// The hash inside the HMAC.
public typealias OtpAlgorithm = CountersignFFI.OtpAlgorithm
/// How codes are made, but for the secret.
public typealias OtpParameters = CountersignFFI.OtpParameters
/// A tag, and how many accounts have it.
public typealias TagCount = CountersignFFI.TagCount
/// An account's secret in the clear.
public typealias Revealed = CountersignFFI.Revealed
/// An account that is not in the vault yet.
public typealias AccountDraft = CountersignFFI.AccountDraft
/// An account that a person types part by part.
public typealias ManualAccount = CountersignFFI.ManualAccount
/// What adding a draft would mean.
public typealias DraftPreview = CountersignFFI.DraftPreview
/// An account in the vault that a draft is like.
public typealias Likeness = CountersignFFI.Likeness
/// In which sense an account is there already.
public typealias Resemblance = CountersignFFI.Resemblance
/// What is unusual about an account.
public typealias Oddity = CountersignFFI.Oddity

// MARK: Scanning

/// What a text turned out to be.
public typealias Scanned = CountersignFFI.Scanned
/// Something that a scanner tells.
public typealias ScanEvent = CountersignFFI.ScanEvent
/// What to tell the person who holds the camera.
public typealias ScanHint = CountersignFFI.ScanHint
/// What a picture held.
public typealias PictureReading = CountersignFFI.PictureReading
/// By how much a picture has to be turned clockwise to stand upright.
public typealias Rotation = CountersignFFI.Rotation
/// A place in a picture.
public typealias Point = CountersignFFI.Point
/// A QR code to draw.
public typealias QrMatrix = CountersignFFI.QrMatrix
/// An account that lacks its PIN.
public typealias PendingPin = CountersignFFI.PendingPin
/// A secret alone.
public typealias BareSecret = CountersignFFI.BareSecret
/// An account that waits for this device's part of its secret.
public typealias PendingTwoStep = CountersignFFI.PendingTwoStep
/// A two-step enrolment, completed.
public typealias TwoStepResult = CountersignFFI.TwoStepResult
/// One part of another app's export.
public typealias ExportPart = CountersignFFI.ExportPart
/// Something that this app will know, but does not yet.
public typealias NotYetCode = CountersignFFI.NotYetCode
/// Something that was made for another app or purpose.
public typealias ForeignCode = CountersignFFI.ForeignCode

// MARK: Approvals

/// What an invitation says; nothing but the host is proven.
public typealias InvitationPreview = CountersignFFI.InvitationPreview
/// What this device says of itself when it is enrolled.
public typealias DeviceInfo = CountersignFFI.DeviceInfo
/// Where this device wants to be woken.
public typealias PushAddress = CountersignFFI.PushAddress
/// Where the keys of an enrolment are made.
public typealias NewKeys = CountersignFFI.NewKeys
/// How the person is verified within a call.
public typealias PersonCheck = CountersignFFI.PersonCheck
/// What a platform's prompt asked the person for.
public typealias VerificationMethod = CountersignFFI.VerificationMethod
/// An enrolment that this device has just been given.
public typealias Enrolled = CountersignFFI.Enrolled
/// An enrolment that was begun and not finished.
public typealias UnfinishedEnrollment = CountersignFFI.UnfinishedEnrollment
/// An enrolment.
public typealias EnrollmentInfo = CountersignFFI.EnrollmentInfo
/// Where an enrolment stands at its server.
public typealias EnrollmentStatus = CountersignFFI.EnrollmentStatus
/// A request that waits for an answer.
public typealias PendingRequest = CountersignFFI.PendingRequest
/// What is asked for.
public typealias RequestAction = CountersignFFI.RequestAction
/// A line of what a transaction does.
public typealias RequestDetail = CountersignFFI.RequestDetail
/// A line of who is asking.
public typealias ContextLine = CountersignFFI.ContextLine
/// What the person finds on the page, and approving needs.
public typealias PageCode = CountersignFFI.PageCode
/// Why a request is turned down.
public typealias DenyReason = CountersignFFI.DenyReason
/// How a request was answered.
public typealias Decision = CountersignFFI.Decision
/// What is known of an answer.
public typealias Confirmation = CountersignFFI.Confirmation
/// An answer of the past.
public typealias HistoryEntry = CountersignFFI.HistoryEntry
/// Digits that approve a scanned request.
public typealias OfflineCode = CountersignFFI.OfflineCode
/// What a poll led to.
public typealias Polled = CountersignFFI.Polled
/// What sending again led to.
public typealias Resent = CountersignFFI.Resent

// MARK: Transfer

/// A format of files.
public typealias FormatInfo = CountersignFFI.FormatInfo
/// An account of an import, without its secret.
public typealias ImportItem = CountersignFFI.ImportItem
/// Something that an account of an import is like.
public typealias ImportLikeness = CountersignFFI.ImportLikeness
/// What that is.
public typealias LikeWhat = CountersignFFI.LikeWhat
/// Something of an import that can't be added.
public typealias RefusedItem = CountersignFFI.RefusedItem
/// A code of an account that is not in the vault yet.
public typealias PreviewCode = CountersignFFI.PreviewCode
/// What an import did.
public typealias Imported = CountersignFFI.Imported
/// The import that would be taken back.
public typealias LastImport = CountersignFFI.LastImport
/// What taking an import back did.
public typealias Undone = CountersignFFI.Undone
/// Accounts in the clear as links.
public typealias LinksExport = CountersignFFI.LinksExport
/// Accounts in the clear as QR codes.
public typealias GoogleExport = CountersignFFI.GoogleExport
/// An account that an export can't hold.
public typealias LeftOut = CountersignFFI.LeftOut
