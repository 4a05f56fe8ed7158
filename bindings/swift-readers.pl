#!/usr/bin/env perl
# Makes the readers of UniFFI's Swift sources quick: `swift-readers.pl FILE`, in place.
#
# UniFFI 0.32 copies each integer out of a Foundation.Data, and each string by way of an array: on Linux a quarter of a
# microsecond for each, which is most of what a list of records costs. Read here is what is there, with the same checks.
use strict;
use warnings;

my ($path) = @ARGV;
open(my $in, '<', $path) or die "$path: $!\n";
my $text = do { local $/; <$in> };
close($in);

sub replace {
    my ($what, $old, $new) = @_;
    my $at = index($text, $old);
    die "$path: UniFFI reads $what in another way than before: look whether this is still needed\n" if $at < 0;
    substr($text, $at, length($old)) = $new;
}

replace('integers', <<'OLD', <<'NEW');
    if T.self == UInt8.self {
        let value = reader.data[reader.offset]
        reader.offset += 1
        return value as! T
    }
    var value: T = 0
    let _ = withUnsafeMutableBytes(of: &value, { reader.data.copyBytes(to: $0, from: range)})
    reader.offset = range.upperBound
OLD
    let value = reader.data.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: range.lowerBound, as: T.self) }
    reader.offset = range.upperBound
NEW

replace('strings', <<'OLD', <<'NEW');
        // See `lift` above for why we avoid Foundation's NSString-backed decoder here.
        return String(decoding: try readBytes(&buf, count: Int(len)), as: UTF8.self)
OLD
        // See `lift` above for why we avoid Foundation's NSString-backed decoder here.
        guard len >= 0, buf.data.count - buf.offset >= Int(len) else {
            throw UniffiInternalError.bufferOverflow
        }
        let range = buf.offset..<buf.offset + Int(len)
        buf.offset = range.upperBound
        return buf.data.withUnsafeBytes { String(decoding: UnsafeRawBufferPointer(rebasing: $0[range]), as: UTF8.self) }
NEW

open(my $out, '>', $path) or die "$path: $!\n";
print $out $text;
close($out) or die "$path: $!\n";
