package io.veloz.wal.backup.internal.recovery;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.backup.internal.profile.EngineSettings;
import io.veloz.wal.backup.internal.recovery.Observation.State;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class EngineProbeTest {
    @TempDir
    Path dir;

    private EngineSettings settings(Optional<String> url) {
        return new EngineSettings(
                dir,
                "orders",
                List.of(),
                List.of(),
                Optional.of("veloz.service"),
                url.map(URI::create),
                Duration.ofSeconds(1));
    }

    private Observation unit(String output) throws IOException {
        Path program = Files.writeString(dir.resolve("systemctl"), "#!/bin/sh\n" + output + "\n");
        Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwx------"));
        return new EngineProbe(settings(Optional.empty()), dir, program.toString()).unit();
    }

    private Observation url(String url) {
        return new EngineProbe(settings(Optional.of(url)), dir, "").url();
    }

    @Test
    void unitIsActiveFromTheBeginOfItsStartToTheEndOfItsStop() throws IOException {
        for (String state : List.of("active", "activating", "deactivating", "reloading")) {
            assertThat(unit("echo " + state))
                    .isEqualTo(new Observation(State.RUNS, "the unit veloz.service is " + state));
        }
        for (String state : List.of("inactive", "failed")) {
            assertThat(unit("echo " + state + "; exit 3"))
                    .isEqualTo(new Observation(State.DOWN, "the unit veloz.service is " + state));
        }
        assertThat(dir.resolve("systemctl.output")).doesNotExist();
    }

    @Test
    void warningBeforeTheStateIsNotTheState() throws IOException {
        assertThat(unit("echo 'Warning: the unit file changed on disk' >&2; echo inactive")
                        .state())
                .isEqualTo(State.DOWN);
    }

    @Test
    void systemctlThatDoesNotReachSystemdKnowsNothing() throws IOException {
        String message = "Failed to connect to bus: No such file or directory";
        assertThat(unit("echo '" + message + "' >&2; exit 1"))
                .isEqualTo(new Observation(
                        State.UNKNOWN, "whether the unit veloz.service is active is not known (" + message + ")"));
        assertThat(unit("exit 1").state()).isEqualTo(State.UNKNOWN);
        assertThat(new EngineProbe(settings(Optional.empty()), dir, "/nowhere/systemctl")
                        .unit()
                        .state())
                .isEqualTo(State.UNKNOWN);
    }

    @Test
    void systemWithoutUnitsRunsNone() throws IOException {
        assertThat(new EngineProbe(settings(Optional.empty()), dir, "").unit().state())
                .isEqualTo(State.DOWN);
    }

    @Test
    void onlyAConnectionThatIsRefusedProvesThatAnEngineIsDown() throws IOException {
        int port;
        try (ServerSocket listens = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = listens.getLocalPort();
            assertThat(url("http://127.0.0.1:" + port).state()).isEqualTo(State.RUNS);
        }
        assertThat(url("http://127.0.0.1:" + port).state()).isEqualTo(State.DOWN);
        assertThat(url("http://engine.invalid:8080").state()).isEqualTo(State.UNKNOWN);
        assertThat(url("http://engine.invalid:8080").detail())
                .startsWith("whether a process accepts connections at http://engine.invalid:8080 is not known")
                .contains("engine.invalid");
        assertThat(new EngineProbe(settings(Optional.empty()), dir, "").url().state())
                .isEqualTo(State.DOWN);
    }
}
