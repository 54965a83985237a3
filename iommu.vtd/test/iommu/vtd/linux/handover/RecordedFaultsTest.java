// SPDX-License-Identifier: Apache-2.0
package iommu.vtd.linux.handover;

import static org.assertj.core.api.Assertions.assertThat;

import iommu.api.bits.BitField;
import iommu.api.pcie.Access;
import iommu.api.unit.Translation;
import iommu.vtd.Capability;
import iommu.vtd.FaultRecording;
import iommu.vtd.VtdRegisters;
import iommu.vtd.linux.BenchKernel;
import iommu.vtd.linux.LinuxVtdDriver;
import iommu.vtd.linux.Recordings;
import iommu.vtd.linux.settings.ScalableMode;
import iommu.vtd.unit.registers.HardwareProfiles;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every fault of two recorded hand-overs, put to our unit and our kernel again: QEMU's records bit
 * for bit, Linux 6.1's lines word for word. Skipped where the recordings are absent.
 */
class RecordedFaultsTest {

    private static final Pattern FAULT = Pattern.compile("@(\\d+)\\.(\\d{6}):vtd_dmar_fault"
            + " sid (0x\\w+) fault (\\d+) addr (0x\\w+) write (\\d)");
    private static final Pattern RECORD =
            Pattern.compile("vtd_frr_new index 0 high (0x\\w+) low (0x\\w+)");
    private static final String TRACE = "trace-crash-to-drivers.txt.gz";
    private static final BitField DATA = BitField.bits(62, 0);

    /** A blocked request; record tells what QEMU wrote for it, null if nothing. */
    private record Fault(long nanos, int source, int reason, long address, int access,
            String record) { }

    private static List<Fault> faults(String recording) throws IOException {
        List<Fault> faults = new ArrayList<>();
        try (var lines = new BufferedReader(new InputStreamReader(new GZIPInputStream(
                Files.newInputStream(Recordings.file(recording, TRACE))),
                StandardCharsets.ISO_8859_1))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                Matcher record = RECORD.matcher(line);
                Matcher m = FAULT.matcher(line);
                if (record.find()) {
                    Fault f = faults.remove(faults.size() - 1);
                    faults.add(new Fault(f.nanos, f.source, f.reason, f.address, f.access,
                            record.group(1) + " " + record.group(2)));
                } else if (m.find()) {
                    faults.add(new Fault(
                            Long.parseLong(m.group(1) + m.group(2)) % 10_000_000_000_000L * 1000,
                            Integer.decode(m.group(3)), Integer.parseInt(m.group(4)),
                            Long.decode(m.group(5)),
                            m.group(6).equals("1") ? Access.WRITE : Access.READ, null));
                }
            }
        }
        return faults;
    }

    /** What the capture kernel printed of faults. */
    private static List<String> console(String recording) throws IOException {
        return Recordings.console(recording).stream()
                .filter(line -> line.startsWith("DMAR: DRHD: handling fault")
                        || line.startsWith("DMAR: [DMA")).toList();
    }

    private static LinuxVtdDriver booted(BenchKernel bench, List<Fault> faults) {
        LinuxVtdDriver driver = bench.firstKernel(ScalableMode.ON);
        faults.stream().mapToInt(Fault::source).distinct()
                .forEach(source -> driver.map(source, 0x1000, 0x10_0000, 0x1000, Access.READ));
        bench.console.clear();
        return driver;
    }

    /** Returns the one record as QEMU's trace tells it, without the F that goes with it. */
    private static String record(BenchKernel bench) {
        int at = (int) Capability.FRO.of(bench.get(VtdRegisters.CAP)) * FaultRecording.BYTES;
        return String.format("0x%x 0x%x", DATA.inPlace(bench.unit.readRegister(at + 8, 8)),
                bench.unit.readRegister(at, 8));
    }

    @ParameterizedTest
    @ValueSource(strings = {"kdvtd4_sm", "kdvtd6_mixed"})
    void recordsAreThoseOfQemuAndLinesThoseOfLinux(String recording) throws IOException {
        List<Fault> faults = faults(recording);
        var bench = new BenchKernel(BenchKernel.CAP, BenchKernel.SCALABLE_ECAP,
                HardwareProfiles.named().get("qemu-7.2").settings());
        LinuxVtdDriver driver = booted(bench, faults);
        List<String> expected = new ArrayList<>();
        List<String> records = new ArrayList<>();
        for (Fault fault : faults) {
            if (fault.record != null && !expected.isEmpty()) {
                bench.now = fault.nanos - 1_000_000;
                driver.handleFaults();
            }
            bench.now = fault.nanos;
            bench.interrupts = 0;
            long answer = bench.unit.translate(fault.source, fault.address, fault.access);
            assertThat(Translation.reason(answer)).as(fault.toString()).isEqualTo(fault.reason);
            if (fault.record != null) {
                expected.add(fault.record);
                records.add(record(bench));
            }
            assertThat(bench.interrupts).as(fault.toString())
                    .isEqualTo(fault.record == null ? 0 : 1);
        }
        driver.handleFaults();

        assertThat(faults).hasSizeGreaterThan(1000);
        assertThat(records).isEqualTo(expected).hasSizeGreaterThan(10);
        assertThat(bench.console.subList(0, console(recording).size()))
                .isEqualTo(console(recording));
    }

    @ParameterizedTest
    @ValueSource(strings = {"kdvtd4_sm", "kdvtd6_mixed"})
    void theManualsUnitRecordsTheSameWithItsOwnReasonsAndNoPasid(String recording)
            throws IOException {
        List<Fault> faults = faults(recording);
        var bench = new BenchKernel(BenchKernel.CAP, BenchKernel.SCALABLE_ECAP,
                HardwareProfiles.named().get("spec").settings());
        LinuxVtdDriver driver = booted(bench, faults);
        for (Fault fault : faults.stream().filter(f -> f.record != null).toList()) {
            bench.now = fault.nanos;
            bench.unit.translate(fault.source, fault.address, fault.access);
            long qemu = Long.decode(fault.record.substring(0, fault.record.indexOf(' ')));
            long manual = FaultRecording.FR.with(FaultRecording.PP.with(qemu, 0),
                    fault.access == Access.READ ? 0x86 : 0x85);

            assertThat(record(bench)).isEqualTo(String.format("0x%x", manual)
                    + fault.record.substring(fault.record.indexOf(' ')));
            driver.handleFaults();
        }
    }
}
