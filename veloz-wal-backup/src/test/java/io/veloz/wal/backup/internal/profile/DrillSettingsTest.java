package io.veloz.wal.backup.internal.profile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.veloz.wal.backup.TestKeys;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DrillSettingsTest {
    @TempDir
    static Path dir;

    private static TestKeys keys;

    @BeforeAll
    static void makeKeys() throws IOException {
        keys = new TestKeys(dir.resolve("keys"));
    }

    private static DrillSettings read(String lines) throws IOException {
        Path file = Files.writeString(
                dir.resolve("backup.properties"),
                "state.directory = /var/lib/veloz-backup\nlog.directory = /var/lib/veloz/wal\n"
                        + "configuration.roots = /etc/veloz\nengine.unit = veloz\nengine.url = http://127.0.0.1:8080\n"
                        + "engine.start = /opt/start {log} {port}\n" + keys.profileLines() + lines);
        return Profile.read(file).drill();
    }

    private static void assertRefused(String command, String... messages) {
        assertThatThrownBy(() -> read("drill.engine = " + command + "\n"))
                .as(command)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("drill.engine ")
                .hasMessageContainingAll(messages);
    }

    @Test
    void engineOfADrillUsesItsOwnLogAndPort() {
        assertRefused("/opt/engine {port}", "does not contain {log}", "the log of production");
        assertRefused("/opt/engine {log}", "does not contain {port}", "the port of production");
    }

    @Test
    void engineOfADrillIsNotTheCommandOfProduction() {
        assertRefused("/opt/start {log} {port}", "is the command of engine.start");
        assertRefused("systemctl start veloz {log} {port}", "\"veloz\", which names the engine of production");
        assertRefused("systemctl start veloz.service {log} {port}", "\"veloz.service\"");
        assertRefused("/opt/engine {log} {port} http://127.0.0.1:8080/", "http://127.0.0.1:8080/");
    }

    @Test
    void engineOfADrillUsesNoPlaceOfProduction() {
        assertRefused("/opt/engine {log} {port} /var/lib/veloz/wal", "contains /var/lib/veloz/wal, which is a place");
        assertRefused(
                "/opt/engine {log} {port} --config=/etc/veloz/a.yaml", "contains /etc/veloz", "{files}/etc/veloz");
        assertRefused("/opt/engine {log} {port} -Dx=file:///var/lib/veloz-backup", "contains /var/lib/veloz-backup");
    }

    @Test
    void recoveredFilesAndNeighboursAreAccepted() throws IOException {
        DrillSettings settings = read("drill.engine = /opt/veloz/engine --wal {log} --http {port}"
                + " --config={files}/etc/veloz/config.yaml /etc/veloz-drill/log.xml\n");
        assertThat(settings.engine()).hasSize(7);
        assertThat(settings.directoryOrDefault()).isEqualTo(Path.of("/var/tmp/veloz-drill"));
    }

    @Test
    void directoryIsRelativeToTheProfile() throws IOException {
        assertThat(read("drill.directory = drill\n").directoryOrDefault()).isEqualTo(dir.resolve("drill"));
    }
}
