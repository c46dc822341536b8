package io.veloz.wal.backup;

import io.veloz.wal.archive.RetentionNeeds;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.backup.RecoveryException.Reason;
import io.veloz.wal.backup.internal.pgp.OpenPgp;
import io.veloz.wal.backup.internal.point.BadPointException;
import io.veloz.wal.backup.internal.point.PointChain;
import io.veloz.wal.backup.internal.retention.ChunkListing;
import io.veloz.wal.backup.internal.retention.PlanStore;
import io.veloz.wal.backup.internal.store.ChunkReader;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/** The recovery points of an archive, and what is wrong with them. Reads only. Stateless. */
public final class RecoveryPoints {
    private RecoveryPoints() {}

    /**
     * A point in the archive.
     *
     * @param age since it was made
     * @param problems chunks that are missing or have another size than the point names
     * @param droppedBy the number of the retention plan that dropped it: its chunks are deleted, or will be unless other points
     *     name them
     * @param retired why the log cannot bring its database up to date; empty if it can. The point can still be recovered by a
     *     profile with {@code database.roll-forward = false}
     */
    public record Listed(
            RecoveryPoint point,
            Duration age,
            List<String> problems,
            OptionalLong droppedBy,
            Optional<String> retired) {
        public Listed {
            problems = List.copyOf(problems);
        }

        /** Returns whether all chunks are listed with the sizes that the point names. */
        public boolean isWhole() {
            return problems.isEmpty();
        }

        @Override
        public String toString() {
            String state = isWhole() ? "whole" : "not whole: " + problems.size() + " chunks, " + problems.get(0);
            return "point " + point.number() + ", made " + point.made() + ", " + state
                    + (droppedBy.isPresent() ? ", dropped by retention plan " + droppedBy.getAsLong() : "");
        }
    }

    /** Receives the progress of a verification, on the thread that runs it. An exception from it ends the verification. */
    @FunctionalInterface
    public interface Progress {
        /** Does nothing. */
        Progress NONE = (done, total) -> {};

        /**
         * Chunks were read.
         *
         * @param doneBytes read so far
         * @param totalBytes of all chunks to read
         */
        void onBytes(long doneBytes, long totalBytes);
    }

    // ---- list

    /**
     * Proves the chain of points and compares them with a listing of the chunks.
     *
     * @return all points, oldest first
     * @throws RecoveryException DAMAGED if a point is missing, damaged, or does not follow the one before
     * @throws IOException if the store failed
     */
    public static List<Listed> list(ObjectStore store) throws IOException {
        return list(store, Clock.systemUTC().instant());
    }

    static List<Listed> list(ObjectStore store, Instant now) throws IOException {
        // Before the points: a plan names points up to its own time only.
        Optional<RetentionPlan> plan = new PlanStore(store).newest().plan();
        List<PointChain.Stored> chain;
        try {
            chain = new PointChain(store).readAll();
        } catch (BadPointException e) {
            throw new RecoveryException(Reason.DAMAGED, String.valueOf(e.getMessage()), e);
        }
        ChunkListing chunks = ChunkListing.read(store);
        Map<Long, String> retired = PointNeeds.retired(
                store, chain.stream().map(PointChain.Stored::point).toList());
        List<Listed> points = new ArrayList<>();
        for (PointChain.Stored stored : chain) {
            RecoveryPoint point = stored.point();
            Long dropped = plan.map(made -> made.dropped().get(point.number())).orElse(null);
            points.add(new Listed(
                    point,
                    Duration.between(point.made(), now),
                    chunks.problems(point),
                    dropped == null ? OptionalLong.empty() : OptionalLong.of(dropped),
                    Optional.ofNullable(retired.get(point.number()))));
        }
        return points;
    }

    /**
     * Returns the newest point of which all chunks are listed with their sizes; empty if there is none.
     *
     * @throws RecoveryException DAMAGED if a point is missing, damaged, or does not follow the one before
     */
    public static Optional<RecoveryPoint> newestWhole(ObjectStore store) throws IOException {
        List<Listed> points = list(store);
        for (int i = points.size() - 1; i >= 0; i--) {
            if (points.get(i).isWhole()) {
                return Optional.of(points.get(i).point());
            }
        }
        return Optional.empty();
    }

    /**
     * Returns the records of the log that the recovery points of an archive need, for the retention of the log. Points that a
     * retention plan has dropped need nothing, nor do those that it keeps only as the newest of a month.
     */
    public static RetentionNeeds needs(ObjectStore store) {
        return new PointNeeds(store);
    }

    // ---- verify

    /**
     * Verifies all points that retention has not dropped: the chain, and the presence and size of each chunk; if full, also
     * the SHA-256 of each chunk, and with keys the integrity of each encrypted message and its signature. Nothing that is
     * decrypted is stored.
     *
     * @param full whether to read every chunk
     * @param keys to decrypt with, only if full. The certificate of the signer must be authentic: the signatures are proven
     *     against it
     * @throws RecoveryException DAMAGED if the chain of points is; KEY_MISSING if the keys cannot be used at all
     * @throws IOException if the store failed
     */
    public static PointsReport verify(ObjectStore store, boolean full, Optional<RecoveryKeys> keys, Progress progress)
            throws IOException {
        if (keys.isPresent() && !full) {
            throw new IllegalArgumentException("keys are of use only if every chunk is read");
        }
        List<Listed> points = list(store);
        List<Listed> checked =
                points.stream().filter(point -> point.droppedBy().isEmpty()).toList();
        Map<String, String> problems = full ? new Verification(store, keys, progress).run(checked) : Map.of();
        Map<Long, List<String>> findings = new LinkedHashMap<>();
        Map<String, Attachment> attachments = new HashMap<>();
        for (Listed listed : checked) {
            List<String> all = new ArrayList<>(listed.problems());
            for (Attachment attachment : listed.point().attachments()) {
                attachments.put(attachment.id(), attachment);
                String problem = problems.get(attachment.id());
                // A chunk that is missing or short was found by the listing already.
                if (problem != null
                        && all.stream()
                                .noneMatch(known -> known.startsWith(ChunkListing.stem(attachment.chunkKey(0))))) {
                    all.add(attachment.kind().label() + " " + attachment.id() + ": " + problem);
                }
            }
            findings.put(listed.point().number(), all);
        }
        long bytes =
                attachments.values().stream().mapToLong(Attachment::storedBytes).sum();
        return new PointsReport(
                findings, points.size() - checked.size(), attachments.size(), bytes, full, keys.isPresent());
    }

    /** Reads each attachment once, however many points name it. */
    private static final class Verification {
        private final ObjectStore store;
        private final Optional<RecoveryKeys> keys;
        private final Progress progress;
        private final Map<String, OpenPgp.Receiver> receivers = new HashMap<>();
        private final Map<String, RecoveryException> refused = new LinkedHashMap<>();
        private long done;
        private long total;

        Verification(ObjectStore store, Optional<RecoveryKeys> keys, Progress progress) {
            this.store = store;
            this.keys = keys;
            this.progress = progress;
        }

        /** Returns what is wrong with each attachment, by its id. */
        Map<String, String> run(List<Listed> points) throws IOException {
            Map<String, Attachment> attachments = new LinkedHashMap<>();
            Map<String, String> logs = new HashMap<>();
            for (Listed listed : points) {
                for (Attachment attachment : listed.point().attachments()) {
                    attachments.put(attachment.id(), attachment);
                    logs.put(attachment.id(), listed.point().logId());
                }
            }
            total = attachments.values().stream()
                    .mapToLong(Attachment::storedBytes)
                    .sum();
            readKeys(attachments.values());
            Map<String, String> problems = new HashMap<>();
            for (Attachment attachment : attachments.values()) {
                long end = done + attachment.storedBytes();
                try {
                    prove(attachment, logs.getOrDefault(attachment.id(), ""));
                } catch (RecoveryException e) {
                    problems.put(attachment.id(), String.valueOf(e.getMessage()));
                }
                done = end;
                progress.onBytes(done, total);
            }
            return problems;
        }

        /** Attachments from before the signing key was replaced are findings; keys that fit none are an error. */
        private void readKeys(Iterable<Attachment> attachments) {
            if (keys.isEmpty()) {
                return;
            }
            for (Attachment attachment : attachments) {
                String signer = attachment.signer();
                if (!receivers.containsKey(signer) && !refused.containsKey(signer)) {
                    try {
                        receivers.put(
                                signer,
                                OpenPgp.Receiver.read(
                                        keys.get().privateKey(),
                                        keys.get().passphraseFile().orElse(null),
                                        keys.get().signerCertificate(),
                                        signer));
                    } catch (RecoveryException e) {
                        refused.put(signer, e);
                    }
                }
            }
            if (receivers.isEmpty() && !refused.isEmpty()) {
                throw refused.values().iterator().next();
            }
        }

        private void prove(Attachment attachment, String logId) throws IOException {
            RecoveryException noKey = refused.get(attachment.signer());
            if (noKey != null) {
                throw new RecoveryException(noKey.reason(), String.valueOf(noKey.getMessage()), noKey);
            }
            OpenPgp.Receiver receiver = receivers.get(attachment.signer());
            try (InputStream chunks = new Counted(new ChunkReader(store, attachment))) {
                if (receiver == null) {
                    chunks.transferTo(OutputStream.nullOutputStream());
                } else {
                    receiver.open(chunks, attachment.contentName(logId)).verify();
                }
            }
        }

        private final class Counted extends FilterInputStream {
            Counted(InputStream in) {
                super(in);
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
                    done += count;
                    progress.onBytes(done, total);
                }
                return count;
            }
        }
    }
}
