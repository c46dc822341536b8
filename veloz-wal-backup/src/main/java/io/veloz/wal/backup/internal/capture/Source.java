package io.veloz.wal.backup.internal.capture;

import io.veloz.wal.backup.DatabaseFacts;
import io.veloz.wal.backup.Kind;
import io.veloz.wal.backup.internal.postgres.DatabaseSnapshot;
import io.veloz.wal.backup.internal.profile.Profile;
import io.veloz.wal.backup.internal.tree.TreeTar;
import io.veloz.wal.backup.internal.vault.VaultExport;
import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import javax.crypto.Mac;

/**
 * Contents that are read together. A source of a snapshot contains nothing that is committed after it was opened; one that is
 * not a snapshot contains nothing that is written after its contents were read. It belongs to one thread.
 */
public interface Source extends Closeable {
    /** Returns whether the contents are of the moment at which the source was opened. */
    boolean isSnapshot();

    List<Content> contents();

    /** Opens the source of a kind. That of the database has the roles as well. */
    static Source open(Profile profile, Kind kind) throws IOException {
        return switch (kind) {
            case CONFIGURATION, SECRETS -> new OfFiles(kind, TreeTar.scan(profile.tree(kind)));
            case DATABASE, ROLES ->
                new OfDatabase(DatabaseSnapshot.export(profile.database().orElseThrow()));
            case VAULT -> new OfVault(new VaultExport(profile.vault().orElseThrow()));
        };
    }

    /** A snapshot of the database, with its roles. */
    record OfDatabase(DatabaseSnapshot snapshot) implements Source {
        @Override
        public boolean isSnapshot() {
            return true;
        }

        @Override
        public List<Content> contents() {
            return List.of(new Roles(snapshot), new Dump(snapshot));
        }

        @Override
        public void close() throws IOException {
            snapshot.close();
        }
    }

    /** The dump of a snapshot. Two dumps of one content have different bytes. */
    record Dump(DatabaseSnapshot snapshot) implements Content {
        @Override
        public Kind kind() {
            return Kind.DATABASE;
        }

        @Override
        public List<String> findings() {
            return snapshot.findings();
        }

        @Override
        public Optional<DatabaseFacts> database() {
            return Optional.of(snapshot.facts());
        }

        @Override
        public boolean isRepeatable() {
            return false;
        }

        @Override
        public void writeTo(OutputStream target, Mac mac) throws IOException {
            snapshot.dump(new MacStream(target, mac));
        }
    }

    /** The roles of the server, as SQL without passwords. */
    record Roles(DatabaseSnapshot snapshot) implements Content {
        @Override
        public Kind kind() {
            return Kind.ROLES;
        }

        @Override
        public boolean isRepeatable() {
            return true;
        }

        @Override
        public void writeTo(OutputStream target, Mac mac) throws IOException {
            snapshot.roles(new MacStream(target, mac));
        }
    }

    /** Key-value secrets of Vault. */
    record OfVault(VaultExport export) implements Source, Content {
        @Override
        public boolean isSnapshot() {
            return false;
        }

        @Override
        public List<Content> contents() {
            return List.of(this);
        }

        @Override
        public Kind kind() {
            return Kind.VAULT;
        }

        @Override
        public boolean isRepeatable() {
            return true;
        }

        @Override
        public void writeTo(OutputStream target, Mac mac) throws IOException {
            export.writeTo(new MacStream(target, mac));
        }

        @Override
        public void close() {
            // Nothing is open between requests.
        }
    }

    /** Files, as a tar. */
    record OfFiles(Kind kind, TreeTar tar) implements Source, Content {
        @Override
        public boolean isSnapshot() {
            return false;
        }

        @Override
        public List<Content> contents() {
            return List.of(this);
        }

        @Override
        public List<String> roots() {
            return tar.roots().stream().map(Path::toString).toList();
        }

        @Override
        public List<String> findings() {
            return kind == Kind.SECRETS ? tar.readableByOthers() : List.of();
        }

        @Override
        public boolean isRepeatable() {
            return true;
        }

        @Override
        public void writeTo(OutputStream target, Mac mac) throws IOException {
            tar.writeTo(target, mac);
        }

        @Override
        public void close() {
            // Nothing is open between reads.
        }
    }
}
