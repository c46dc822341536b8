package io.veloz.wal.ops;

import io.veloz.wal.backup.BackupProfile;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

/** The arguments of commands that use a profile. */
final class ProfileArguments {
    @Parameters(
            index = "0",
            arity = "0..1",
            paramLabel = "URI",
            description = "URI of the log's archive: s3://bucket/prefix, or file:///directory. Default: archive of the"
                    + " profile.")
    private @Nullable String uri;

    @Option(
            names = "--profile",
            paramLabel = "FILE",
            required = true,
            description = "Profile: what is backed up, to which keys, and where it is put back.")
    private Path file = Path.of("");

    /** Reads the profile. Throws a {@link CommandFailure} if it is not valid. */
    BackupProfile read() {
        return read(file);
    }

    /** Reads a profile. Throws a {@link CommandFailure} if it is not valid. */
    static BackupProfile read(Path file) {
        try {
            return BackupProfile.read(file);
        } catch (IllegalArgumentException e) {
            throw new CommandFailure(ExitCode.REFUSED, String.valueOf(e.getMessage()));
        } catch (NoSuchFileException e) {
            throw new CommandFailure(ExitCode.REFUSED, file + ": no such file");
        } catch (IOException e) {
            throw new CommandFailure("cannot read " + file + ": " + e);
        }
    }

    /** Returns the profile's file, as it was given. */
    Path file() {
        return file;
    }

    /** Returns the URI of the archive, from the command line or else from the profile. */
    String uri(CommandSpec command, BackupProfile profile) {
        if (uri != null) {
            return uri;
        }
        return profile.archive()
                .orElseThrow(() -> new ParameterException(
                        command.commandLine(), "the URI of the archive is missing: " + file + " has no archive"));
    }
}
