// SPDX-License-Identifier: Apache-2.0
package kdump.lab.tests;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Stream;
import kdump.lab.api.command.CommandLineInterface;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.osgi.test.common.annotation.InjectService;

/** Bad usage and bad input: status 2, one line on standard error, nothing on standard output. */
class BadUsageTest {

    @InjectService
    CommandLineInterface commands;

    /** Words are parted by blanks; ~ stands for a blank in a word. */
    @ParameterizedTest
    @ValueSource(strings = {
        "nonsense", "COMPARE vtd1", "--json",
        "machines --nonsense", "policies --nonsense", "compare vtd1 --nonsense",
        "crash vtd1 --policy copy-tables --nonsense", "mappings vtd1 --nonsense",
        "walk vtd1 0:2.0 0 --nonsense", "policies --js", "policies -x",
        "machines more", "policies more", "compare", "compare vtd1 vtd1", "crash",
        "crash vtd1", "crash vtd1 vtd1 --policy copy-tables",
        "crash vtd1 --policy linux --policy linux", "compare ~", "compare vtd1 --kernel 99.9",
        "compare vtd1 --rate NaN", "mappings", "mappings vtd1 vtd1",
        "walk", "walk vtd1", "walk vtd1 0000:00:02.0", "walk vtd1 0000:00:02.0 0 0",
        "compare vtd1 --seed", "compare vtd1 --policy", "crash vtd1 --policy",
        "mappings vtd1 --requester", "mappings vtd1 --registers", "acpi", "acpi vtd1 amd1",
        "acpi vtd1 --nonsense", "acpi no-such-table", "acpi cnf",
        "import", "import vtd1", "import vtd1 --out", "import vtd1 --out m.txt",
        "import vtd1 amd1 --out m.yaml", "import server --out no-such-file.yaml",
        "import no-such-machine --out no-such-file.yaml", "compare vtd1 --times soon",
        "compare vtd1 --times 0"})
    void wrongArgumentsAreRefused(String line) {
        assertRefused(line);
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "mappings vtd1 --requester zz", "mappings vtd1 --requester 0000:00:02.8",
        "mappings vtd1 --requester 0000:00:20.0", "mappings vtd1 --requester 100:00:02.0x",
        "walk vtd1 zz 0x1000", "walk vtd1 02.0.0 0x1000", "walk vtd1 0000:00:02.0 zz",
        "walk vtd1 0000:00:02.0 0xzz", "walk vtd1 0000:00:02.0 0x", "walk vtd1 0000:00:02.0 -1",
        "walk vtd1 0000:00:02.0 0x-1", "walk vtd1 0000:00:02.0 0x10000000000000000",
        "walk vtd1 0000:00:02.0 1e3", "walk vtd1 00:02.0 0 --pasid 0x100000",
        "walk vtd1 00:02.0 0 --pasid -1", "walk vtd1 00:02.0 0 --pasid five",
        "walk vtd1 00:02.0 0 --execute", "walk vtd1 00:02.0 0 --privileged",
        "walk vtd1 00:02.0 0 --pasid 1 --execute --write",
        "walk vtd1 00:02.0 0xfee00000 --data 0", "walk vtd1 00:02.0 0 --write --data 0",
        "walk vtd1 00:02.0 0xfee00000 --write --data 0x100000000",
        "walk vtd1 00:02.0 0 --crash-at 5ms", "walk vtd1 00:02.0 0 --kernel 6.1",
        "walk vtd1 00:02.0 0 --after nobody", "walk vtd1 00:02.0 0 --after",
        "walk amd1 00:02.0 0 --pasid 1", "mappings amd1 --pasid 1",
        "mappings vtd1 --pasid 0x100000", "mappings vtd1 --pasid x"})
    void wrongRequestersAndAddressesAreRefused(String line) {
        assertRefused(line);
    }

    @ParameterizedTest
    @ValueSource(strings = {"--seed one", "--seed 1.5", "--seed 99999999999999999999",
        "--seed 0x10", "--crash-at soon", "--crash-at 12.5", "--crash-at -5ms", "--crash-at 5~ms",
        "--crash-at 99999999999s", "--crash-at 2000000s", "--crash-at 1e9s", "--crash-at NaNms",
        "--crash-at ms", "--rate nan", "--rate NaN", "--rate -1", "--rate 1e300",
        "--rate Infinity", "--rate fast", "--seed --json", "--policy none-such",
        "--kernel six", "--kernel 6", "--kernel linux", "--kernel 1.0", "--kernel 2.6.23",
        "--kernel 6.1.", "--kernel ~", "--capture-kernel six", "--capture-kernel -1.2",
        "--capture-kernel 2.4", "--kernel-setting vtd.tearDown", "--kernel-setting =1",
        "--kernel-setting vtd.tearDown=", "--kernel-setting vtd.tearDown=one",
        "--kernel-setting vtd.tearDown=-1", "--kernel-setting vtd.tearDown=3",
        "--kernel-setting vtd.tearDown=9999999999", "--kernel-setting vtd.none=1",
        "--kernel-setting none.such=1", "--kernel-setting none=1",
        "--kernel-setting vtd.tearDown=1 --kernel-setting vtd.tearDown=1",
        "--hardware none", "--hardware ~", "--unit-setting vtd.front", "--unit-setting =1",
        "--unit-setting vtd.front=2", "--unit-setting vtd.front=-1",
        "--unit-setting vtd.iotlbEntries=3", "--unit-setting vtd.none=1",
        "--unit-setting front=1", "--unit-setting amdvi.front=1",
        "--unit-setting vtd.front=1 --unit-setting vtd.front=1",
        "--device-option 02:00.0", "--device-option 02:00.0,ats.entries",
        "--device-option ats.entries=1", "--device-option 02:00.9,ats.entries=1",
        "--device-option 02:00.0,ats.entries=one", "--device-option 02:00.0,none=1",
        "--device-option 00:00.0,ats.entries=1", "--device-option 02:00.0,ats.entries=0",
        "--device-option 02:00.0,ats.entries=1 --device-option 02:00.0,ats.entries=1",
        "--policy copy-tables,disable-reinit"})
    void wrongValuesAreRefused(String options) {
        assertRefused("compare vtd1 " + options);
        if (!options.startsWith("--policy")) {
            assertRefused("crash vtd1 --policy copy-tables " + options);
        }
    }

    /** In this order: nothing there, no capture, a wrong kind of file. */
    @ParameterizedTest
    @ValueSource(strings = {"no-such-machine", "no/such/folder", "..", "vtd1/guest/acpi",
        "vtd1/iommu-regs.json", "README.md", "/dev/null"})
    void targetsThatAreNoMachineAreRefused(String target) {
        assertRefused("compare " + target);
        assertRefused("crash " + target + " --policy copy-tables");
        assertRefused("mappings " + target);
        assertRefused("mappings " + target + " --json");
        assertRefused("walk " + target + " 0000:00:02.0 0x1000");
    }

    @Test
    void bareCoreIsNoMachineToCrash() {
        assertRefused("compare vtd1/tables.elf.gz");
        assertRefused("crash vtd1/tables.elf.gz --policy copy-tables");
    }

    @ParameterizedTest
    @ValueSource(strings = {"no-such-file", "README.md", "vtd1", "/dev/null"})
    void wrongRegistersAreRefused(String registers) {
        assertRefused("mappings vtd1/tables.elf.gz --registers " + registers);
        assertRefused("walk vtd1/tables.elf.gz 0000:00:02.0 0 --registers " + registers);
    }

    static Stream<List<String>> strangeWords() {
        return Stream.of("", " ", "\n", "a\nb", "\0", "\u001b[31m", "-", "--", "x".repeat(70_000))
                .flatMap(word -> Stream.of(List.of(word), List.of("compare", word),
                        List.of("mappings", "vtd1", "--requester", word),
                        List.of("walk", "vtd1", word, "0"),
                        List.of("walk", "vtd1", "0000:00:02.0", word),
                        List.of("compare", "vtd1", "--policy", word)));
    }

    @ParameterizedTest
    @MethodSource("strangeWords")
    void strangeWordsAreRefusedInOneLine(List<String> line) {
        assertRefused(line.toArray(String[]::new));
    }

    @Test
    void unknownPolicyIsAnsweredWithThoseInForce() {
        assertThat(CommandRun.of(commands, "crash", "vtd1", "--policy", "none-such").err())
                .contains("none-such", "copy-tables", "disable-reinit");
    }

    @Test
    void unknownKernelSettingIsAnsweredWithThoseThereAre() {
        assertThat(CommandRun.of(commands, "compare", "vtd1", "--kernel-setting", "vtd.none=1")
                .err()).contains("vtd.none", "vtd.flushesOldDomain", "vtd.tearDown");
    }

    private void assertRefused(String line) {
        String[] words = line.split(" ");
        for (int i = 0; i < words.length; i++) {
            words[i] = words[i].replace('~', ' ');
        }
        assertRefused(words);
    }

    private void assertRefused(String... arguments) {
        CommandRun run = CommandRun.of(commands, arguments);
        String line = String.join(" ", arguments);
        String shown = line.substring(0, Math.min(200, line.length()));
        assertThat(run.out()).as(shown).isEmpty();
        assertThat(run.err()).as(shown).startsWith("lab: ").endsWith("\n").hasLineCount(1)
                .doesNotContain("Exception", "Error:", "\tat ").hasSizeLessThan(1000);
        assertThat(run.status()).as(shown + ": " + run.err())
                .isEqualTo(CommandLineInterface.BAD_INPUT);
    }
}
