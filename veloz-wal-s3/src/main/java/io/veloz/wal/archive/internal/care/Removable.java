package io.veloz.wal.archive.internal.care;

import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.ArchiveKeys.SegmentKey;
import io.veloz.wal.archive.internal.format.CareState.Cut;
import io.veloz.wal.archive.internal.format.CareState.Floor;
import io.veloz.wal.archive.internal.format.Digest;
import io.veloz.wal.archive.internal.format.Slot.Attachment;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.proof.Proof;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * The objects of a proven archive below a cut. Immutable.
 *
 * <p>An object that no slot names is removable only if its epoch is lower than that of the last slot: that writer is fenced, so
 * no slot will ever name it. An object of the last epoch may be one that is uploaded just now.
 *
 * @param keys of the objects that exist, oldest first
 * @param bytes the sum of their sizes
 * @param segments the number of segments among them
 */
record Removable(List<String> keys, long bytes, long segments) {
    /** @param objects the listed objects with their sizes */
    static Removable below(Cut cut, Proof proof, Map<String, Long> objects) {
        Set<String> named = new HashSet<>();
        proof.segments().forEach(segment -> named.addAll(segment.objectKeys()));
        proof.attachments().forEach(attachment -> named.add(attachment.key()));
        long epoch = proof.tip() == null ? 0 : proof.tip().epoch();
        Set<String> keys = new TreeSet<>();
        for (Segment segment : proof.segments()) {
            if (segment.number() < cut.segment()) {
                keys.addAll(segment.objectKeys());
            }
        }
        for (Attachment attachment : proof.attachments()) {
            if (attachment.name().equals("checkpoint") && attachment.sequence() < cut.sequence() - 1) {
                keys.add(attachment.key());
            }
        }
        objects.keySet().stream()
                .filter(key -> !named.contains(key)
                        && cut.isAbove(key)
                        && !isOther(key, proof)
                        && ArchiveKeys.epoch(key) < epoch)
                .forEach(keys::add);
        keys.retainAll(objects.keySet());
        // Checkpoints first, then segments, each oldest first, as keys sort by number.
        return new Removable(
                List.copyOf(keys),
                keys.stream().mapToLong(objects::get).sum(),
                keys.stream()
                        .flatMap(key -> ArchiveKeys.segmentKey(key).map(SegmentKey::whole).stream())
                        .distinct()
                        .count());
    }

    private static boolean isOther(String key, Proof proof) {
        return ArchiveKeys.segmentKey(key)
                .filter(segment -> !segment.prefix().equals(proof.identity().prefix()))
                .isPresent();
    }

    /** Returns the objects of segments and checkpoints that a restore from the cut on needs, and that are not listed. */
    static List<String> missing(Cut cut, Proof proof, Map<String, Long> objects) {
        Proof stays = proof.from(cut);
        return Stream.concat(
                        stays.segments().stream().flatMap(segment -> segment.objectKeys().stream()),
                        stays.attachments().stream().map(Attachment::key))
                .filter(key -> !objects.containsKey(key))
                .toList();
    }

    /** Returns the objects that are of no kind that this version knows. */
    static List<String> unknown(Proof proof, Map<String, Long> objects) {
        return objects.keySet().stream()
                .filter(key -> !ArchiveKeys.isOfBackup(key) && ArchiveKeys.checkpointSequence(key) < 0)
                .filter(key -> ArchiveKeys.segmentKey(key)
                        .filter(segment ->
                                segment.prefix().equals(proof.identity().prefix()))
                        .isEmpty())
                .filter(key -> proof.attachments().stream()
                        .noneMatch(attachment -> attachment.key().equals(key)))
                .sorted()
                .toList();
    }

    /** Returns the SHA-256 of the keys, each followed by a line feed. */
    String sha256() {
        StringBuilder text = new StringBuilder();
        keys.forEach(key -> text.append(key).append('\n'));
        return Digest.of(text.toString().getBytes(StandardCharsets.UTF_8));
    }

    /** Returns the floor that a DELETE with that number and cut states. */
    static Floor floor(long record, Cut cut, Proof proof) {
        List<Segment> retired = proof.segments().stream()
                .filter(segment -> segment.number() < cut.segment())
                .toList();
        return new Floor(
                record,
                cut,
                retired.size(),
                retired.stream().mapToLong(Segment::objectBytes).sum(),
                retired.stream().mapToLong(Segment::fileBytes).sum(),
                proof.segments().stream()
                        .filter(segment -> segment.number() == cut.segment())
                        .mapToLong(Segment::minTimestampNanos)
                        .findFirst()
                        .orElse(0));
    }
}
