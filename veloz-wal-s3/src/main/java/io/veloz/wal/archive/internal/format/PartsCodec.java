package io.veloz.wal.archive.internal.format;

import io.veloz.wal.archive.internal.crypt.Encryption;
import io.veloz.wal.archive.internal.format.Slot.StoredFile;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The field {@code parts} of a segment that is stored in several objects. See docs/archive.md, "Segments in parts". */
final class PartsCodec {
    private PartsCodec() {}

    /**
     * Returns the field. The keys of the objects and the id of the encryption key follow from the segment.
     *
     * @throws IllegalArgumentException if there are more parts than a reader accepts
     */
    static Json encode(List<StoredFrame> parts) {
        if (parts.size() > StoredFrame.MAX_PARTS) {
            throw new IllegalArgumentException(
                    parts.size() + " parts of a segment; expected 2 to " + StoredFrame.MAX_PARTS);
        }
        Json json = Json.create();
        for (int i = 0; i < parts.size(); i++) {
            StoredFrame part = parts.get(i);
            Json fields = Json.create()
                    .put("objectBytes", part.objectBytes())
                    .put("objectSha256", part.objectSha256())
                    .put("fileBytes", part.fileBytes());
            Encryption encryption = part.encryption();
            json.put(
                    Integer.toString(i + 1), encryption == null ? fields : fields.put("wrapped", encryption.wrapped()));
        }
        return json;
    }

    /**
     * Returns a file with its parts.
     *
     * @param whole the file without them
     * @throws BadObjectException if the parts are not those of the file
     */
    static StoredFile decode(Json json, StoredFile whole) throws BadObjectException {
        int count = json.names().size();
        check(json, count >= 2 && count <= StoredFrame.MAX_PARTS, count + " parts");
        List<StoredFrame> parts = new ArrayList<>();
        // Sizes are subtracted, as the sum of sizes that are only claimed could overflow.
        long objectBytes = whole.objectBytes();
        long fileBytes = whole.fileBytes();
        for (int number = 1; number <= count; number++) {
            Json fields = json.object(Integer.toString(number));
            StoredFrame part = new StoredFrame(
                    ArchiveKeys.part(whole.key(), number, count),
                    fields.number("objectBytes", 1, objectBytes),
                    fields.sha256("objectSha256"),
                    fields.number("fileBytes", 1, fileBytes),
                    encryption(fields, whole.encryption()));
            objectBytes -= part.objectBytes();
            fileBytes -= part.fileBytes();
            parts.add(part);
        }
        check(json, objectBytes == 0, "parts with " + objectBytes + " bytes less than \"objectBytes\"");
        check(json, fileBytes == 0, "parts with " + fileBytes + " bytes less than \"fileBytes\"");
        check(json, StoredFrame.digest(parts).equals(whole.objectSha256()), "digests that are not \"objectSha256\"");
        return whole.inParts(parts);
    }

    private static @Nullable Encryption encryption(Json part, @Nullable Encryption whole) throws BadObjectException {
        return whole == null ? null : new Encryption(whole.keyId(), SlotHead.wrapped(part));
    }

    private static void check(Json json, boolean isRight, String found) throws BadObjectException {
        if (!isRight) {
            throw new BadObjectException(json.where() + ": " + found + "; expected 2 to " + StoredFrame.MAX_PARTS
                    + " parts that are the segment together");
        }
    }
}
