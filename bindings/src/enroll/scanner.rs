//! Pictures and the camera.

use std::sync::{Arc, Mutex, PoisonError};

use countersign_core::enroll;
use countersign_qr::{self as qr, Budget, Content, Event, Hint, Luma, Stream};

use super::Scanned;
use crate::{ApiError, Operation};

/// By how much a picture has to be turned clockwise to stand upright.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, uniffi::Enum)]
pub enum Rotation {
    /// It stands upright.
    None,
    /// 90 degrees.
    Quarter,
    /// 180 degrees.
    Half,
    /// 270 degrees.
    ThreeQuarters,
}

/// A place in the upright picture, in pixels from its top left corner; may lie a little outside.
#[derive(Debug, Clone, Copy, PartialEq, uniffi::Record)]
pub struct Point {
    /// To the right.
    pub x: f32,
    /// Down.
    pub y: f32,
}

/// What to tell the person who holds the camera.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, uniffi::Enum)]
pub enum ScanHint {
    /// Nothing that looks like a code.
    Nothing,
    /// Corners of a code, but not the whole of it.
    PartInView,
    /// A whole code, too small to be read.
    MoveCloser,
    /// A whole code, large enough, that could not be read.
    HoldStill,
    /// At least one code was read.
    Read,
}

impl From<Hint> for ScanHint {
    fn from(hint: Hint) -> Self {
        match hint {
            Hint::Nothing => Self::Nothing,
            Hint::PartInView => Self::PartInView,
            Hint::MoveCloser => Self::MoveCloser,
            Hint::HoldStill => Self::HoldStill,
            Hint::Read => Self::Read,
        }
    }
}

/// Something that the person or the app should know of.
#[derive(uniffi::Enum)]
pub enum ScanEvent {
    /// A code that says something.
    Found {
        /// What.
        scanned: Scanned,
        /// The code's four corners.
        corners: Vec<Point>,
    },
    /// A code that enrols nothing.
    Refused {
        /// The exact cause, as in `ApiError`.
        code: String,
        /// A short English sentence.
        reason: String,
        /// The code's four corners.
        corners: Vec<Point>,
    },
    /// A new part of a code that is split over several symbols: "2 of 3".
    Progress {
        /// Parts seen so far.
        seen: u8,
        /// Parts in all.
        count: u8,
    },
    /// All parts of a split code were seen, and they don't belong together. They are forgotten.
    PartsDiffer,
    /// What to tell the person has changed.
    Hint {
        /// What.
        hint: ScanHint,
    },
}

/// What a picture held.
#[derive(uniffi::Record)]
pub struct PictureReading {
    /// Its codes, and what there is to say of them.
    pub events: Vec<ScanEvent>,
    /// What to tell the person.
    pub hint: ScanHint,
    /// Whether all was tried; false where the work for one picture was used up first.
    pub complete: bool,
}

/// Reads one camera frame after the other, and tells each code once.
#[derive(uniffi::Object)]
pub struct Scanner {
    stream: Mutex<Stream>,
    allow_loopback_http: bool,
}

impl Scanner {
    pub(super) fn new(allow_loopback_http: bool) -> Arc<Self> {
        Arc::new(Self { stream: Mutex::default(), allow_loopback_http })
    }

    fn event(&self, event: Event, turn: &Turn) -> ScanEvent {
        match event {
            Event::Code { content, corners } => self.found(&content, corners.map(|corner| turn.point(corner)).to_vec()),
            Event::Progress { seen, count } => ScanEvent::Progress { seen, count },
            Event::PartsDiffer => ScanEvent::PartsDiffer,
            Event::Hint(hint) => ScanEvent::Hint { hint: hint.into() },
        }
    }

    fn found(&self, content: &Content, corners: Vec<Point>) -> ScanEvent {
        let text = content.text().ok_or_else(|| ApiError::from(enroll::Error::NotRecognized));
        match text.and_then(|text| Scanned::read(text, self.allow_loopback_http)) {
            Ok(scanned) => ScanEvent::Found { scanned, corners },
            Err(error) => ScanEvent::Refused { code: error.code().to_owned(), reason: error.to_string(), corners },
        }
    }
}

#[uniffi::export]
impl Scanner {
    /// Reads a frame of a live camera: its luma plane, one byte a pixel, 0 black, borrowed without a copy (in Kotlin a direct
    /// `ByteBuffer`); rows start `row_stride` bytes apart. Gives back what is new. Blocks for some milliseconds: not for the main
    /// thread. A second thread waits for the first.
    ///
    /// # Errors
    /// `InvalidInput` (`picture-size`) for sizes that don't fit the bytes, under 21 or over 64 million pixels.
    pub fn push(
        &self,
        luma: &[u8],
        width: u32,
        height: u32,
        row_stride: u32,
        rotation: Rotation,
    ) -> Result<Vec<ScanEvent>, ApiError> {
        let luma = picture(luma, width, height, row_stride)?;
        let turn = Turn { rotation, width, height };
        // After a panic in a frame the next ones go on with what was seen before.
        let mut stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        let events = stream.push(luma, Budget::frame());
        drop(stream);
        Ok(events.into_iter().map(|event| self.event(event, &turn)).collect())
    }

    /// Forgets everything, so that codes are told again.
    pub fn reset(&self) {
        self.stream.lock().unwrap_or_else(PoisonError::into_inner).reset();
    }

    /// Reads one picture with all the work that is sensible, as for a screenshot or a file that the platform has decoded; apart
    /// from the frames of the camera. Blocks: up to some hundred milliseconds. It can be cancelled.
    ///
    /// # Errors
    /// `InvalidInput` (`picture-size`), `Cancelled`.
    pub fn read_picture(
        &self,
        luma: &[u8],
        width: u32,
        height: u32,
        row_stride: u32,
        rotation: Rotation,
        operation: Option<Arc<Operation>>,
    ) -> Result<PictureReading, ApiError> {
        let luma = picture(luma, width, height, row_stride)?;
        let turn = Turn { rotation, width, height };
        let is_over = || operation.as_ref().is_some_and(|operation| operation.is_cancelled());
        let reading = qr::read(luma, Budget { deadline: Some(&is_over), ..Budget::default() });
        if is_over() {
            return Err(ApiError::cancelled());
        }
        let (hint, complete) = (reading.hint.into(), reading.complete);
        let events = Stream::new().accept(reading).into_iter();
        let told = events.filter(|event| !matches!(event, Event::Hint(_)));
        Ok(PictureReading { events: told.map(|event| self.event(event, &turn)).collect(), hint, complete })
    }
}

fn picture(bytes: &[u8], width: u32, height: u32, row_stride: u32) -> Result<Luma<'_>, ApiError> {
    let wrong = |reason: &str| ApiError::input("picture", reason, "picture-size");
    let side = |pixels: u32| usize::try_from(pixels).map_err(|_| wrong("its sizes are too large"));
    let luma = Luma::new(bytes, side(width)?, side(height)?, side(row_stride)?);
    luma.map_err(|error| wrong(&error.to_string()))
}

/// How points of the picture as it lies are points of the upright one.
struct Turn {
    rotation: Rotation,
    width: u32,
    height: u32,
}

impl Turn {
    fn point(&self, point: qr::Point) -> Point {
        // Sides are under 2²⁴ where a picture has at most 64 million pixels and at least 21 on a side: exact.
        #[expect(clippy::cast_precision_loss, reason = "exact, as said above")]
        let (right, bottom) = (self.width as f32, self.height as f32);
        let qr::Point { x, y } = point;
        match self.rotation {
            Rotation::None => Point { x, y },
            Rotation::Quarter => Point { x: bottom - y, y: x },
            Rotation::Half => Point { x: right - x, y: bottom - y },
            Rotation::ThreeQuarters => Point { x: y, y: right - x },
        }
    }
}
