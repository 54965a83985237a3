// SPDX-License-Identifier: Apache-2.0
package kdump.importers.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.pcie.FunctionConfig;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Files of a recording: QEMU's command line, instants of its console, a trace. */
class RecordedRunTest {

    private static final String LINE = """
            #!/bin/sh
            exec qemu-system-x86_64 -machine q35 -append 'console=ttyS0 -nvme=1' \\
             -object throttle-group,id=tg0,x-bps-total=300000 -blockdev driver=file,node-name=n0f \\
             -blockdev driver=throttle,throttle-group=tg0,file=n0f,node-name=n0 \\
             -drive if=none,id=n1,file=x,throttling.bps-total=500000 -drive if=none,id=n2,file=y \\
             -device pcie-root-port,id=rp2,bus=pcie.0,addr=2.1 -device nvme,drive=n0,bus=rp2 \\
             -device nvme,drive=n1,bus=pcie.0,addr=9.0 -device nvme,drive=n2,addr=a \\
             -device nvme,drive=n0 -device nvme,drive=n0,bus=absent \\
             -device e1000e,netdev=net0,addr=8 -display none
            """;

    @TempDir
    private Path directory;
    private final List<String> remarks = new ArrayList<>();

    private static FunctionConfig bridge(int requester, int secondary) {
        byte[] config = new byte[256];
        config[0x0e] = 1;
        config[0x19] = (byte) secondary;
        return new FunctionConfig(requester, config);
    }

    private RecordedRun read(String commandLine) throws Exception {
        return RecordedRun.read(directory, commandLine, List.of(bridge(0x11, 2)), remarks);
    }

    private void file(String name, String text) throws Exception {
        Files.writeString(directory.resolve(name), text);
    }

    @Test
    void disksAreThrottledWhereTheCommandLineSaysSo() throws Exception {
        file("cmdline.sh", LINE);
        RecordedRun run = read("quiet cap.ndd=16 x");
        assertThat(run.deviceOptions()).containsExactlyInAnyOrderEntriesOf(Map.of(
                0x200, Map.of("bytesPerSecond", 300_000L, "readers", 16L),
                0x48, Map.of("bytesPerSecond", 500_000L, "readers", 16L),
                0x40, Map.of("whole_transfers", 1L)));
        assertThat(run.rates()).containsOnlyKeys(0x200, 0x48);
        assertThat(remarks).hasSize(3);
    }

    @Test
    void withoutReadersTheyAreNotBusyForThat() throws Exception {
        file("cmdline.sh", LINE);
        RecordedRun run = read("quiet");
        assertThat(run.deviceOptions()).containsEntry(0x200, Map.of("bytesPerSecond", 300_000L));
        assertThat(run.rates()).isEmpty();
    }

    @Test
    void nothingIsToldWhereThereIsNothing() throws Exception {
        assertThat(read("cap.ndd=16")).isEqualTo(new RecordedRun(Map.of(), Map.of(), null,
                Map.of()));
        assertThat(RecordedRun.read(null, "", List.of(), remarks).seen()).isEmpty();
        assertThat(remarks).isEmpty();
    }

    private static String marks(String rest) {
        return "{\"marks\": {\"loading modules\": [[90.5, \"a\"], [107.7, \"b [1.0]\"]],\n"
                + "\"Kernel panic\": [[ 100.0, \"p\"]]" + rest + "}}";
    }

    /** Seconds after the crash, without those for which the machine was stopped. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "'' | 6.8 | 7.7 | 20.4",
        "', \"already enabled\": [[106.28, \"x\"]]' | 6.28 | 7.7 | 18.8",
        "', \"already enabled\": [[106.28, \"x\"]], \"makedumpfile start\": [[130.5, \"x\"]]'"
                + " | 6.28 | 7.7 | 30.5",
        "', \"STOP0\": [[100.1, \"\"]], \"CONT\": [[102.1, \"\"]]' | 5.05 | 5.7 | 15.1"})
    void phasesBeginWhenTheirLinesWereSeen(String rest, double remapping, double drivers,
            double dump) throws Exception {
        file("marks.json", marks(rest));
        var phases = read("").times().phases();
        assertThat(phases.dmaRemapping() / 1e9).isBetween(remapping - 0.05, remapping + 0.05);
        assertThat(phases.drivers() / 1e9).isBetween(drivers - 0.05, drivers + 0.05);
        assertThat(phases.dump() / 1e9).isBetween(dump - 0.1, dump + 0.1);
    }

    @Test
    void aRecordingThatNeverLoadedDriversTellsNoTimes() throws Exception {
        file("marks.json", "{\"marks\": {\"Kernel panic\": [[100.0, \"p\"]]}}");
        assertThat(read("").times()).isNull();
    }

    /** Pages of addresses of one function up to the crash, which is at 100 s. */
    @Test
    void theTraceTellsOfAddressesUpToTheCrash() throws Exception {
        file("marks.json", marks(""));
        file("trace-crash.txt", String.join("\n",
                "7@99.100000:vtd_inv_desc_iotlb_pages iotlb invalidate domain 0xe addr 0x1000",
                "7@99.200000:vtd_dmar_translate dev 02:00.00 iova 0xffff7010 -> gpa 0x1000 mask 0",
                "7@99.200000:vtd_dmar_translate dev 06:01.01 iova 0xfff00000 -> gpa 0x1000 mask 0",
                "7@100.200000:vtd_dmar_translate dev 02:00.00 iova 0x5000 -> gpa 0x1000 mask 0"));
        assertThat(read("").seen()).isEqualTo(Map.of(0x200, Set.of(0xffff_7000L),
                0x609, Set.of(0xfff0_0000L)));
    }

    /** A line without an end is none of a trace: what came before it counts. */
    @Test
    void traceThatIsNoneAnyMoreEnds() throws Exception {
        file("marks.json", "{\"Kernel panic\": [[100.5, \"Kernel panic\"]]}");
        Path trace = directory.resolve("trace-crash.txt.gz");
        try (var out = new GZIPOutputStream(Files.newOutputStream(trace))) {
            out.write(("7@99.000001:vtd_dmar_translate dev 02:00.00 iova 0xffff8000 -> gpa 0x1000"
                    + " mask 0xfff\n").getBytes(StandardCharsets.US_ASCII));
            byte[] block = new byte[1 << 20];
            for (int i = 0; i < 64; i++) {
                out.write(block);
            }
            out.write(("\n7@99.000002:vtd_dmar_translate dev 02:00.00 iova 0xffff9000 -> gpa "
                    + "0x1000 mask 0xfff\n").getBytes(StandardCharsets.US_ASCII));
        }
        assertThat(read("").seen()).isEqualTo(Map.of(0x200, Set.of(0xffff_8000L)));
    }

    @Test
    void busesThatLeadToThemselvesHaveNoPlace() throws Exception {
        file("cmdline.sh", "-blockdev driver=throttle,throttle-group=g,node-name=n "
                + "-object throttle-group,id=g,x-bps-total=1000 "
                + "-device pcie-root-port,id=a,bus=b ".repeat(10_000)
                + "-device pcie-root-port,id=b,bus=a -device nvme,drive=n,bus=a");
        assertThat(read("").deviceOptions()).isEmpty();
    }
}
