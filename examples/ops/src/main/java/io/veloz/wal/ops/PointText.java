package io.veloz.wal.ops;

import io.veloz.wal.backup.Attachment;
import io.veloz.wal.backup.RecoveryPoint;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Prints recovery points, as text or as JSON. Stateless. */
final class PointText {
    private PointText() {}

    /** Returns the number, the time and the host of a point. */
    static String title(RecoveryPoint point) {
        return Units.count(point.number()) + ", made " + point.made() + " on " + point.host();
    }

    static String age(Instant time) {
        return Units.age(Duration.between(time, Instant.now()));
    }

    /** Returns the kinds with their sizes: {@code configuration 12 KiB, secrets 800 bytes}. */
    static String sizes(List<Attachment> attachments) {
        return attachments.stream()
                .sorted(Comparator.comparing(Attachment::kind))
                .map(attachment -> attachment.kind().label() + " " + Units.bytes(attachment.storedBytes()))
                .collect(Collectors.joining(", "));
    }

    /** Returns the records between which all attachments were taken: {@code 501,690 to 501,702}. */
    static String bracket(List<Attachment> attachments) {
        long after = attachments.stream()
                .mapToLong(attachment -> attachment.bracket().after())
                .min()
                .orElse(0);
        long upTo = attachments.stream()
                .mapToLong(attachment -> attachment.bracket().upTo())
                .max()
                .orElse(0);
        return Units.range(after, upTo);
    }

    /** Writes the fields of the current object. */
    static void write(Json to, RecoveryPoint point) {
        to.field("number", point.number()).field("log_id", point.logId());
        to.field("made", point.made().toString()).field("host", point.host());
        to.field("up_to", point.upTo()).field("tip_slot", point.tip().slot());
        to.field("archived_sequence", point.tip().archivedSequence());
        to.name("attachments").array();
        point.attachments().forEach(attachment -> write(to, attachment));
        to.endArray();
    }

    static void write(Json to, Attachment attachment) {
        to.object().field("kind", attachment.kind().label()).field("id", attachment.id());
        to.field("taken", attachment.taken().toString());
        to.field("after", attachment.bracket().after())
                .field("up_to", attachment.bracket().upTo());
        to.field("first_point", attachment.firstPoint()).field("plain_bytes", attachment.plainBytes());
        to.field("stored_bytes", attachment.storedBytes()).field("signer", attachment.signer());
        strings(
                to,
                "chunks",
                IntStream.range(0, attachment.chunks().size())
                        .mapToObj(attachment::chunkKey)
                        .toList());
        to.endObject();
    }

    static void strings(Json to, String name, List<String> values) {
        to.name(name).array();
        values.forEach(to::value);
        to.endArray();
    }
}
