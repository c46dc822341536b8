package io.veloz.wal.backup.internal.recovery;

import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.backup.Attachment;
import io.veloz.wal.backup.Kind;
import io.veloz.wal.backup.RecoveryException;
import io.veloz.wal.backup.RecoveryException.Reason;
import io.veloz.wal.backup.RecoveryPoint;
import io.veloz.wal.backup.internal.pgp.OpenPgp;
import io.veloz.wal.backup.internal.store.ChunkReader;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;
import java.util.function.BiConsumer;

/** Fetches and decrypts the attachments of one recovery point. It belongs to one thread. */
public final class AttachmentReader {
    private final ObjectStore store;
    private final RecoveryPoint point;
    private final Optional<OpenPgp.Receiver> receiver;
    private final BiConsumer<Attachment, Long> fetched;

    /** Uses the content while it is decrypted. */
    @FunctionalInterface
    public interface Use {
        /** Reads the content up to its end. */
        void read(InputStream plain) throws IOException;
    }

    /**
     * Creates a reader for one recovery point.
     *
     * @param receiver empty if nothing is read
     * @param fetched receives the number of bytes that were fetched since the last call
     */
    public AttachmentReader(
            ObjectStore store,
            RecoveryPoint point,
            Optional<OpenPgp.Receiver> receiver,
            BiConsumer<Attachment, Long> fetched) {
        this.store = store;
        this.point = point;
        this.receiver = receiver;
        this.fetched = fetched;
    }

    public Attachment attachment(Kind kind) {
        return point.attachment(kind)
                .orElseThrow(() -> new RecoveryException(
                        Reason.NO_POINT, "recovery point " + point.number() + " has no " + kind.label()));
    }

    /**
     * Decrypts an attachment to nothing, and then once more for use: an OpenPGP reader hands out bytes before it can know
     * that they are genuine, so nothing is used before all of it was proven once.
     *
     * @throws RecoveryException INCOMPLETE, DAMAGED, KEY_MISSING
     */
    public void read(Kind kind, Use use) throws IOException {
        Attachment attachment = attachment(kind);
        decrypt(attachment, plain -> {});
        decrypt(attachment, use);
    }

    private void decrypt(Attachment attachment, Use use) throws IOException {
        try (InputStream chunks = new Reported(attachment, new ChunkReader(store, attachment))) {
            OpenPgp.DecryptingStream plain = receiver.orElseThrow().open(chunks, name(attachment));
            use.read(plain);
            // The bytes of the second read may differ from those of the first.
            plain.verify();
        } catch (RecoveryException e) {
            throw new RecoveryException(
                    e.reason(), attachment.kind().label() + " " + attachment.id() + ": " + e.getMessage(), e);
        }
    }

    private String name(Attachment attachment) {
        return attachment.contentName(point.logId());
    }

    private final class Reported extends FilterInputStream {
        private final Attachment attachment;

        Reported(Attachment attachment, InputStream in) {
            super(in);
            this.attachment = attachment;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
        }

        @Override
        public int read(byte[] target, int from, int length) throws IOException {
            int count = in.read(target, from, length);
            if (count > 0) {
                fetched.accept(attachment, (long) count);
            }
            return count;
        }
    }
}
