// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.options;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;
import java.util.List;
import kdump.lab.api.LabException;
import kdump.lab.qtest.differ.QemuProcess;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Drives and networks that cannot be: the words are those of QEMU, if it is at hand. */
class HostArgumentsTest {

    private static final String DRIVE = "-drive id=d,if=none,file=null-co://,format=raw ";

    private static void refused(String line, String why) {
        List<String> options = List.of(line.split(" "));
        int last = options.size() - 2;
        assertThatThrownBy(() -> MachineOptions.parse(options, Path.of("")))
                .isInstanceOf(LabException.class).hasMessage(options.get(last) + " "
                        + options.get(last + 1) + ": " + why);
        assumeTrue(QemuProcess.isPresent(), "no qemu-system-x86_64");
        assertThat(QemuProcess.refusal(options)).endsWith(": " + why);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', value = {
        "-netdev foo,id=x | Parameter 'type' does not accept value 'foo'",
        "-netdev user | Parameter 'id' is missing",
        "-netdev user,id=a -netdev user,id=a | Duplicate ID 'a' for netdev",
        "-blockdev driver=null-co | 'node-name' must be specified for the root node",
        "-blockdev driver=foo,node-name=a | Parameter 'driver' does not accept value 'foo'",
        "-blockdev driver=raw,node-name=a,file=b "
                + "| Cannot find device='b' nor node-name='b'",
        "-blockdev driver=file,node-name=a | Parameter 'filename' is missing",
        "-drive id=d,if=none,format=raw | A block device must be specified for \"file\"",
        "-drive id=d,if=none,file=gone,format=raw "
                + "| Could not open 'gone': No such file or directory"})
    void backendIsRefusedInTheWordsOfQemu(String line, String why) {
        refused(line, why);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', value = {
        "-drive id=d,if=none,file=null-co://,format=raw | Duplicate ID 'd' for drive",
        "-device nvme,drive=d,serial=a -device nvme,drive=d,serial=b "
                + "| Drive 'd' is already in use by another device",
        "-device ide-hd,drive=d -device ide-hd,drive=d,bus=ide.1 "
                + "| Drive 'd' is already in use by another device"})
    void driveHasOneUser(String line, String why) {
        refused(DRIVE + line, why);
    }

    @Test
    void networkHasOneUser() {
        refused("-netdev user,id=n -device e1000e,netdev=n -device e1000e,netdev=n",
                "Property 'e1000e.netdev' can't take value 'n', it's in use");
    }

    @Test
    void drivesThatPlugThemselvesAreNotKnown() {
        assertThatThrownBy(() -> MachineOptions.parse(List.of("-drive", "file=x,format=raw"),
                Path.of(""))).hasMessageEndingWith("if=null, expected none");
    }

    @Test
    void diskSitsBehindAPort() throws Exception {
        List<String> line = List.of((DRIVE + "-device ide-hd,drive=d,bus=ide.2,serial=S")
                .split(" "));
        FunctionSlot sata = MachineOptions.parse(line, Path.of("")).slots().stream()
                .filter(s -> s.kind() == FunctionKind.SATA).findFirst().orElseThrow();
        assertThat(sata.drive().bytes()).isEqualTo(1 << 30);
        assertThat(sata.drive().sectors()).isEqualTo(1 << 21);
        assertThat(sata.properties()).containsEntry("port", "2").containsEntry("serial", "S");
    }
}
