package io.veloz.wal.backup;

import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;

/** An encrypted copy of something that is not the order log, stored in chunks. Immutable. */
public final class Attachment {
    private final Kind kind;
    private final String id;
    private final Instant taken;
    private final Bracket bracket;
    private final long firstPoint;
    private final long plainBytes;
    private final String contentMac;
    private final List<String> roots;
    private final List<String> recipients;
    private final String signer;
    private final List<Chunk> chunks;
    private final Optional<DatabaseFacts> database;

    /**
     * One object of an attachment.
     *
     * @param bytes its length
     * @param sha256 64 hex digits, of the stored bytes
     */
    public record Chunk(long bytes, String sha256) {}

    private Attachment(Builder builder) {
        this.kind = builder.kind;
        this.id = builder.id;
        this.taken = builder.taken;
        this.bracket = builder.bracket;
        this.firstPoint = builder.firstPoint;
        this.plainBytes = builder.plainBytes;
        this.contentMac = builder.contentMac;
        this.roots = List.copyOf(builder.roots);
        this.recipients = List.copyOf(builder.recipients);
        this.signer = builder.signer;
        this.chunks = List.copyOf(builder.chunks);
        this.database = builder.database;
        database.ifPresent(facts -> requireWithin(bracket, facts));
    }

    /** A log that ends at the bracket could not bring such a database up to date: it has the effects of later records. */
    private static void requireWithin(Bracket bracket, DatabaseFacts facts) {
        if (facts.applied().isPresent() && facts.applied().getAsLong() > bracket.upTo()) {
            throw new IllegalArgumentException("the database has applied record "
                    + facts.applied().getAsLong() + " of the log; expected at most " + bracket.upTo()
                    + ", the end of its bracket");
        }
    }

    /** Returns a builder for an attachment with this id: 32 random hex digits. */
    public static Builder builder(Kind kind, String id) {
        return new Builder(kind, id);
    }

    public Kind kind() {
        return kind;
    }

    /** Returns 32 random hex digits, which the keys of the chunks contain. */
    public String id() {
        return id;
    }

    /** Returns when the content was read. */
    public Instant taken() {
        return taken;
    }

    public Bracket bracket() {
        return bracket;
    }

    /** Returns the number of the first recovery point that names this attachment. */
    public long firstPoint() {
        return firstPoint;
    }

    /** Returns the number of bytes before encryption. */
    public long plainBytes() {
        return plainBytes;
    }

    /**
     * Returns the HMAC-SHA256 of the content under a key that only the backed-up host has: two attachments with the same one
     * have the same content. A plain hash of a short secret could be guessed.
     */
    public String contentMac() {
        return contentMac;
    }

    /** Returns the absolute paths of the files and directories that a tar contains; empty for other kinds. */
    public List<String> roots() {
        return roots;
    }

    /** Returns the fingerprints of the certificates that the content is encrypted to. */
    public List<String> recipients() {
        return recipients;
    }

    /** Returns the fingerprint of the key that signed the content. */
    public String signer() {
        return signer;
    }

    public List<Chunk> chunks() {
        return chunks;
    }

    /** Returns the properties of the database; empty for other kinds than {@link Kind#DATABASE}. */
    public Optional<DatabaseFacts> database() {
        return database;
    }

    /**
     * Returns the key of a chunk in the store of the archive. The concatenation of all chunks in order is one OpenPGP message.
     *
     * @param index from 0
     */
    public String chunkKey(int index) {
        return chunkKey(kind, id, index);
    }

    static String chunkKey(Kind kind, String id, int index) {
        return String.format(Locale.ROOT, "attachments/%s_%s.%s.chunk%05d", kind.label(), id, kind.suffix(), index + 1);
    }

    /**
     * Returns the file name inside of the encryption. It binds the content to this attachment of this log, and to the time and
     * the place in the log at which it was read: a recovery point that names others is refused. Only the end of the bracket of
     * files is not in it, as it is known after the content was written.
     */
    public String contentName(String logId) {
        boolean snapshot = kind == Kind.DATABASE || kind == Kind.ROLES;
        return logId + "_" + kind.label() + "_" + id + "_" + taken.toEpochMilli() + "_" + bracket.after()
                + (snapshot ? "-" + bracket.upTo() : "") + "." + kind.suffix().replace(".gpg", "");
    }

    /** Returns the number of bytes of all chunks. */
    public long storedBytes() {
        return chunks.stream().mapToLong(Chunk::bytes).sum();
    }

    @Override
    public String toString() {
        return "Attachment[" + kind.label() + ", id=" + id + ", taken=" + taken + ", after=" + bracket.after()
                + ", upTo=" + bracket.upTo() + ", bytes=" + storedBytes() + "]";
    }

    /** Collects the properties of an attachment. Not thread-safe. */
    public static final class Builder {
        private final Kind kind;
        private final String id;
        private Instant taken = Instant.EPOCH;
        private Bracket bracket = new Bracket(0, 0);
        private long firstPoint = 1;
        private long plainBytes;
        private String contentMac = "0".repeat(64);
        private List<String> roots = List.of();
        private List<String> recipients = List.of();
        private String signer = "";
        private List<Chunk> chunks = List.of();
        private Optional<DatabaseFacts> database = Optional.empty();

        private Builder(Kind kind, String id) {
            this.kind = Objects.requireNonNull(kind, "kind");
            this.id = Objects.requireNonNull(id, "id");
        }

        /** See {@link Attachment#taken()}. */
        public Builder taken(Instant value) {
            taken = value;
            return this;
        }

        /** See {@link Attachment#bracket()}. */
        public Builder bracket(Bracket value) {
            bracket = value;
            return this;
        }

        /** See {@link Attachment#firstPoint()}. */
        public Builder firstPoint(long value) {
            firstPoint = value;
            return this;
        }

        /** See {@link Attachment#plainBytes()}. */
        public Builder plainBytes(long value) {
            plainBytes = value;
            return this;
        }

        /** See {@link Attachment#contentMac()}. */
        public Builder contentMac(String value) {
            contentMac = value;
            return this;
        }

        /** See {@link Attachment#roots()}. */
        public Builder roots(List<String> value) {
            roots = value;
            return this;
        }

        /** See {@link Attachment#recipients()}. */
        public Builder recipients(List<String> value) {
            recipients = value;
            return this;
        }

        /** See {@link Attachment#signer()}. */
        public Builder signer(String value) {
            signer = value;
            return this;
        }

        /** See {@link Attachment#chunks()}. */
        public Builder chunks(List<Chunk> value) {
            chunks = value;
            return this;
        }

        /** See {@link Attachment#database()}. */
        public Builder database(DatabaseFacts value) {
            database = Optional.of(value);
            return this;
        }

        /**
         * Returns the attachment.
         *
         * @throws IllegalArgumentException if the database has applied a record that is later than its bracket
         */
        public Attachment build() {
            return new Attachment(this);
        }
    }
}
