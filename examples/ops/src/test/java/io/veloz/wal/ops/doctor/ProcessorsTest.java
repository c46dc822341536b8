package io.veloz.wal.ops.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProcessorsTest {
    @TempDir
    Path root;

    private void file(String name, String content) throws IOException {
        Path file = root.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, content + "\n");
    }

    private Processors read() {
        return Processors.of(4, new KernelFiles(root));
    }

    @Test
    void quotaOfTheControlGroupIsTheLimit() throws IOException {
        file("proc/self/cgroup", "0::/app");
        file("sys/fs/cgroup/app/cpu.max", "150000 100000");
        assertThat(read().limit()).hasValue(1.5);
        assertThat(read().visible()).isEqualTo(4);
    }

    @Test
    void lowestQuotaOfAllParentsIsTheLimit() throws IOException {
        file("proc/self/cgroup", "0::/slice/app");
        file("sys/fs/cgroup/slice/app/cpu.max", "max 100000");
        file("sys/fs/cgroup/slice/cpu.max", "50000 100000");
        assertThat(read().limit()).hasValue(0.5);
    }

    @Test
    void groupThatTheContainerDoesNotSeeHasTheQuotaOfTheTop() throws IOException {
        file("proc/self/cgroup", "0::/kubepods/pod/x");
        file("sys/fs/cgroup/cpu.max", "200000 100000");
        assertThat(read().limit()).hasValue(2);
    }

    @Test
    void groupOutsideOfTheNamespaceIsNotFollowed() throws IOException {
        file("proc/self/cgroup", "0::/../../pod");
        file("sys/pod/cpu.max", "100000 100000");
        assertThat(read().limit()).isEmpty();
    }

    @Test
    void quotaOfVersionOneIsTheLimit() throws IOException {
        file("proc/self/cgroup", "4:memory:/app\n3:cpu,cpuacct:/app");
        file("sys/fs/cgroup/cpu,cpuacct/app/cpu.cfs_quota_us", "25000");
        file("sys/fs/cgroup/cpu,cpuacct/app/cpu.cfs_period_us", "100000");
        assertThat(read().limit()).hasValue(0.25);
    }

    @Test
    void noQuotaIsNoLimit() throws IOException {
        file("proc/self/cgroup", "3:cpu:/app\n0::/app");
        file("sys/fs/cgroup/app/cpu.max", "max 100000");
        file("sys/fs/cgroup/cpu/app/cpu.cfs_quota_us", "-1");
        file("sys/fs/cgroup/cpu/app/cpu.cfs_period_us", "100000");
        assertThat(read().limit()).isEmpty();
    }

    @Test
    void quotaOfAllVisibleProcessorsIsNoLimit() throws IOException {
        file("proc/self/cgroup", "0::/app");
        file("sys/fs/cgroup/app/cpu.max", "400000 100000");
        assertThat(read().limit()).isEmpty();
    }

    @Test
    void unknownGroupIsNotAnError() {
        assertThat(read().limit()).isEmpty();
    }
}
