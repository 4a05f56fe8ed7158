#!/usr/bin/env perl
# Makes the readers of UniFFI's Swift sources quick: `swift-readers.pl FILE`, in place.
#
# UniFFI 0.32 copies each integer out of a Foundation.Data, and each string by way of an array: on Linux a quarter of a
# microsecond for each, which is most of what a list of records costs. Read here is what is there, with the same checks.
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);

my ($path) = @ARGV;
open(my $in, '<', $path) or die "$path: $!\n";
my $text = do { local $/; <$in> };
close($in);

# What stands between two places, both included; its hash says whether it is still what was looked at.
sub replace {
    my ($what, $from, $to, $hash, $new) = @_;
    my $changed = "$path: UniFFI reads $what in another way than before: look whether this is still needed";
    my $start = index($text, $from);
    my $end = $start < 0 ? -1 : index($text, $to, $start);
    die "$changed\n" if $end < 0;
    my $old = substr($text, $start, $end + length($to) - $start);
    my $found = sha256_hex($old);
    die "$changed ($found)\n" if $found ne $hash;
    chomp($new);
    substr($text, $start, length($old)) = $new;
}

replace('integers', 'if T.self == UInt8.self', 'reader.offset = range.upperBound', '82929b2aeff9cb372a05082f5ad48f9e3f54cd78dd0081fb607b3a9614e942be', <<'NEW');
let value = reader.data.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: range.lowerBound, as: T.self) }
    reader.offset = range.upperBound
NEW

replace('strings', 'return String(decoding: try readBytes(', 'UTF8.self)', '318087e3f369877c2649b5e5b77bab372f76a4cd42bf6b304dd8bd2963894989', <<'NEW');
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
