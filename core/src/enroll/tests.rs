//! What people's QR codes hold, and that every account comes back.
