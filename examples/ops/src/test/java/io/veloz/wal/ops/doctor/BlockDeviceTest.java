package io.veloz.wal.ops.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BlockDeviceTest {
    @TempDir
    Path root;

    private void file(String name, String content) {
        try {
            Path file = root.resolve(name);
            Files.createDirectories(file.getParent());
            Files.writeString(file, content + "\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void link(String name, String target) {
        try {
            Path link = root.resolve(name);
            Files.createDirectories(link.getParent());
            Files.createDirectories(root.resolve(target));
            Files.createSymbolicLink(link, root.resolve(target));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void disk(String name, String cache) {
        file("sys/devices/" + name + "/queue/write_cache", cache);
        file("sys/devices/" + name + "/queue/rotational", "0");
        file("sys/devices/" + name + "/queue/scheduler", "none [mq-deadline] bfq");
        file("sys/devices/" + name + "/device/model", "Model " + name);
    }

    private List<BlockDevice> of(String device, String source) {
        return BlockDevice.of(new Mount(device, "/", "ext4", source, List.of()), new KernelFiles(root));
    }

    @Test
    void diskOfAPartitionIsFound() {
        disk("sda", "write back");
        file("sys/devices/sda/sda1/partition", "1");
        link("sys/dev/block/8:1", "sys/devices/sda/sda1");
        assertThat(of("8:1", "/dev/sda1"))
                .containsExactly(new BlockDevice("sda", "Model sda", "write back", false, "mq-deadline"));
    }

    @Test
    void disksOfALogicalVolumeAreFoundThroughPartitionsAndRaid() {
        disk("sda", "write back");
        disk("sdb", "write through");
        file("sys/devices/sda/sda2/partition", "2");
        link("sys/devices/md0/slaves/sda2", "sys/devices/sda/sda2");
        link("sys/devices/md0/slaves/sdb", "sys/devices/sdb");
        link("sys/devices/dm-0/slaves/md0", "sys/devices/md0");
        link("sys/dev/block/253:0", "sys/devices/dm-0");
        assertThat(of("253:0", "/dev/mapper/vg-wal"))
                .extracting(BlockDevice::name, BlockDevice::writeCache)
                .containsExactly(
                        org.assertj.core.groups.Tuple.tuple("sda", "write back"),
                        org.assertj.core.groups.Tuple.tuple("sdb", "write through"));
    }

    @Test
    void diskOfAFileSystemWithItsOwnNumberIsFoundByItsSource() {
        disk("nvme0n1", "write back");
        link("sys/class/block/nvme0n1", "sys/devices/nvme0n1");
        file("dev/nvme0n1", "");
        assertThat(of("0:45", "/dev/nvme0n1")).extracting(BlockDevice::name).containsExactly("nvme0n1");
    }

    @Test
    void loopOfDevicesEnds() {
        link("sys/devices/dm-0/slaves/dm-1", "sys/devices/dm-1");
        link("sys/devices/dm-1/slaves/dm-0", "sys/devices/dm-0");
        link("sys/dev/block/253:0", "sys/devices/dm-0");
        assertThat(of("253:0", "/dev/dm-0")).hasSize(1);
    }

    @Test
    void unknownDiskIsNotAnError() {
        assertThat(of("0:45", "server:/export")).isEmpty();
        assertThat(of("", "")).isEmpty();
    }

    @Test
    void missingFilesOfADiskAreUnknown() {
        link("sys/dev/block/8:0", "sys/devices/sda");
        assertThat(of("8:0", "/dev/sda")).containsExactly(new BlockDevice("sda", "", "", false, ""));
    }

    @Test
    void virtualDisksAreRecognised() {
        assertThat(new BlockDevice("vda", "", "write back", true, "none").isVirtual())
                .isTrue();
        assertThat(new BlockDevice("sda", "QEMU HARDDISK", "", true, "").isVirtual())
                .isTrue();
        assertThat(new BlockDevice("nvme0n1", "Amazon Elastic Block Store", "", false, "").isVirtual())
                .isTrue();
        assertThat(new BlockDevice("sda", "ATA ST4000NM", "", true, "").isVirtual())
                .isFalse();
    }
}
