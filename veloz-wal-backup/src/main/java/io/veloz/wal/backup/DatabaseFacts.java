package io.veloz.wal.backup;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.TreeMap;

/**
 * Properties of a database at the snapshot of its dump. {@code pg_dump} leaves most of them out of a dump that is restored
 * under another name, so a recovery sets them, and compares the restored database with them. Immutable.
 */
public final class DatabaseFacts {
    private final String system;
    private final int serverVersion;
    private final int dumpVersion;
    private final String dumpFormat;
    private final long dumpBytes;
    private final String lsn;
    private final String database;
    private final String owner;
    private final String encoding;
    private final String collate;
    private final String ctype;
    private final String locale;
    private final int connectionLimit;
    private final List<String> settings;
    private final String acl;
    private final List<String> roles;
    private final List<String> extensions;
    private final Map<String, Long> rows;
    private final OptionalLong applied;

    private DatabaseFacts(Builder builder) {
        this.system = builder.system;
        this.serverVersion = builder.serverVersion;
        this.dumpVersion = builder.dumpVersion;
        this.dumpFormat = builder.dumpFormat;
        this.dumpBytes = builder.dumpBytes;
        this.lsn = builder.lsn;
        this.database = builder.database;
        this.owner = builder.owner;
        this.encoding = builder.encoding;
        this.collate = builder.collate;
        this.ctype = builder.ctype;
        this.locale = builder.locale;
        this.connectionLimit = builder.connectionLimit;
        this.settings = List.copyOf(builder.settings);
        this.acl = builder.acl;
        this.roles = List.copyOf(builder.roles);
        this.extensions = List.copyOf(builder.extensions);
        this.rows = Map.copyOf(builder.rows);
        this.applied = builder.applied;
    }

    /** Returns a builder for the facts of a database. */
    public static Builder builder(String database) {
        return new Builder(database);
    }

    /** Returns a builder that has these facts. */
    public Builder toBuilder() {
        return new Builder(database).copy(this);
    }

    /** Returns the system identifier of the server's cluster. */
    public String system() {
        return system;
    }

    /** Returns the version of the server, as {@code server_version_num}: 150018 is 15.18. */
    public int serverVersion() {
        return serverVersion;
    }

    /** Returns the version of {@code pg_dump} in the same form. */
    public int dumpVersion() {
        return dumpVersion;
    }

    /** Returns the version of the dump's format, from its header: {@code 1.14}. */
    public String dumpFormat() {
        return dumpFormat;
    }

    /** Returns the length of the dump in the attachment: what follows it are properties that only the attachment has. */
    public long dumpBytes() {
        return dumpBytes;
    }

    /** Returns the write-ahead log location of the server when the snapshot was exported: for information only. */
    public String lsn() {
        return lsn;
    }

    public String database() {
        return database;
    }

    public String owner() {
        return owner;
    }

    public String encoding() {
        return encoding;
    }

    public String collate() {
        return collate;
    }

    public String ctype() {
        return ctype;
    }

    /** Returns provider and name of a locale that libc does not provide, as {@code icu:de-DE}; empty for libc. */
    public String locale() {
        return locale;
    }

    /** Returns how many sessions may exist at once; -1 for no limit. */
    public int connectionLimit() {
        return connectionLimit;
    }

    /**
     * Returns the names of the settings of {@code ALTER DATABASE … SET}, and those of a role in this database, as {@code ROLE
     * "role" name}. Their values, and the comment on the database, may be secrets: only the encrypted attachment has them.
     */
    public List<String> settings() {
        return settings;
    }

    /** Returns the privileges on the database itself, as in {@code pg_database.datacl}; empty for the default. */
    public String acl() {
        return acl;
    }

    /** Returns the names of the roles that own or have privileges on something in the database. */
    public List<String> roles() {
        return roles;
    }

    /** Returns the extensions, as {@code name version}. */
    public List<String> extensions() {
        return extensions;
    }

    /** Returns the number of rows of each table that the profile names, by {@code schema.table}. */
    public Map<String, Long> rows() {
        return rows;
    }

    /** Returns the last sequence of the order log that the database has applied; empty if the profile has no query for it. */
    public OptionalLong applied() {
        return applied;
    }

    @Override
    public String toString() {
        return "DatabaseFacts[database=" + database + ", server=" + serverVersion + ", lsn=" + lsn + ", applied="
                + applied + ", rows=" + new TreeMap<>(rows) + "]";
    }

    /** Collects the facts of a database. Not thread-safe. */
    public static final class Builder {
        private final String database;
        private String system = "";
        private int serverVersion;
        private int dumpVersion;
        private String dumpFormat = "";
        private long dumpBytes;
        private String lsn = "";
        private String owner = "";
        private String encoding = "";
        private String collate = "";
        private String ctype = "";
        private String locale = "";
        private int connectionLimit = -1;
        private List<String> settings = List.of();
        private String acl = "";
        private List<String> roles = List.of();
        private List<String> extensions = List.of();
        private Map<String, Long> rows = Map.of();
        private OptionalLong applied = OptionalLong.empty();

        private Builder(String database) {
            this.database = Objects.requireNonNull(database, "database");
        }

        /** See {@link DatabaseFacts#system()}. */
        public Builder system(String value) {
            system = value;
            return this;
        }

        /** See {@link DatabaseFacts#serverVersion()}. */
        public Builder serverVersion(int value) {
            serverVersion = value;
            return this;
        }

        /** See {@link DatabaseFacts#dumpVersion()}. */
        public Builder dumpVersion(int value) {
            dumpVersion = value;
            return this;
        }

        /** See {@link DatabaseFacts#dumpFormat()}. */
        public Builder dumpFormat(String value) {
            dumpFormat = value;
            return this;
        }

        /** See {@link DatabaseFacts#dumpBytes()}. */
        public Builder dumpBytes(long value) {
            dumpBytes = value;
            return this;
        }

        /** See {@link DatabaseFacts#lsn()}. */
        public Builder lsn(String value) {
            lsn = value;
            return this;
        }

        /** See {@link DatabaseFacts#owner()}. */
        public Builder owner(String value) {
            owner = value;
            return this;
        }

        /** See {@link DatabaseFacts#encoding()}. */
        public Builder encoding(String value) {
            encoding = value;
            return this;
        }

        /** See {@link DatabaseFacts#collate()}. */
        public Builder collate(String value) {
            collate = value;
            return this;
        }

        /** See {@link DatabaseFacts#ctype()}. */
        public Builder ctype(String value) {
            ctype = value;
            return this;
        }

        /** See {@link DatabaseFacts#locale()}. */
        public Builder locale(String value) {
            locale = value;
            return this;
        }

        /** See {@link DatabaseFacts#connectionLimit()}. */
        public Builder connectionLimit(int value) {
            connectionLimit = value;
            return this;
        }

        /** See {@link DatabaseFacts#settings()}. */
        public Builder settings(List<String> value) {
            settings = value;
            return this;
        }

        /** See {@link DatabaseFacts#acl()}. */
        public Builder acl(String value) {
            acl = value;
            return this;
        }

        /** See {@link DatabaseFacts#roles()}. */
        public Builder roles(List<String> value) {
            roles = value;
            return this;
        }

        /** See {@link DatabaseFacts#extensions()}. */
        public Builder extensions(List<String> value) {
            extensions = value;
            return this;
        }

        /** See {@link DatabaseFacts#rows()}. */
        public Builder rows(Map<String, Long> value) {
            rows = value;
            return this;
        }

        /** See {@link DatabaseFacts#applied()}. */
        public Builder applied(OptionalLong value) {
            applied = value;
            return this;
        }

        /** Copies all facts, for a change of some. */
        private Builder copy(DatabaseFacts facts) {
            return system(facts.system)
                    .serverVersion(facts.serverVersion)
                    .dumpVersion(facts.dumpVersion)
                    .dumpFormat(facts.dumpFormat)
                    .dumpBytes(facts.dumpBytes)
                    .lsn(facts.lsn)
                    .owner(facts.owner)
                    .encoding(facts.encoding)
                    .collate(facts.collate)
                    .ctype(facts.ctype)
                    .locale(facts.locale)
                    .connectionLimit(facts.connectionLimit)
                    .settings(facts.settings)
                    .acl(facts.acl)
                    .roles(facts.roles)
                    .extensions(facts.extensions)
                    .rows(facts.rows)
                    .applied(facts.applied);
        }

        public DatabaseFacts build() {
            return new DatabaseFacts(this);
        }
    }
}
