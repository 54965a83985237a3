// SPDX-License-Identifier: Apache-2.0
package kdump.lab.shell;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import kdump.lab.api.LabException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code ./lab import}: what it writes, and over what it does not. */
class ImportCommandTest {

    @TempDir
    Path folder;

    private final FakeLab lab = new FakeLab();

    private FakeLab.Result run(String... more) {
        var arguments = new String[more.length + 2];
        arguments[0] = "import";
        arguments[1] = "capture";
        System.arraycopy(more, 0, arguments, 2, more.length);
        return lab.run(arguments);
    }

    private String out() {
        return folder.resolve("m.yaml").toString();
    }

    @Test
    void writesTheFileAndTellsWhatWasAssumed() throws IOException {
        var result = run("--out", out(), "--registers", "regs.json");
        assertThat(result.status()).isZero();
        assertThat(result.out()).contains(
                "m.yaml: 2 units, 3 functions; its memory is in ../vmcore", "  assumed: It rains.");
        assertThat(Files.readString(Path.of(out()))).isEqualTo("name: of " + folder.getFileName()
                + "\n");
        assertThat(lab.target.text()).isEqualTo("capture");
        assertThat(lab.target.registers()).isEqualTo(Path.of("regs.json"));
    }

    @Test
    void jsonIsTheMachine() {
        assertThat(run("--out", out(), "--json").out()).isEqualTo("{\"name\":\"m\"}\n");
        assertThat(folder.resolve("m.yaml")).exists();
    }

    @Test
    void whatIsThereIsLeftAloneUnlessForced() throws IOException {
        Path file = Files.writeString(folder.resolve("m.yaml"), "mine, and longer than a machine");
        var refused = run("--out", out());
        assertThat(refused.status()).isEqualTo(2);
        assertThat(refused.err()).contains("is there already");
        assertThat(file).hasContent("mine, and longer than a machine");
        assertThat(run("--out", out(), "--force").status()).isZero();
        assertThat(file).hasContent("name: of " + folder.getFileName());
    }

    @Test
    void badUsageAndBadInputAreTold() {
        assertThat(run().err()).contains("--out is missing");
        assertThat(run("--out", folder.resolve("m.txt").toString()).err()).contains(".yaml");
        assertThat(run("--out", folder.resolve("none/m.yaml").toString()).status()).isEqualTo(1);
        lab.refusal = new LabException("no such thing");
        var refused = run("--out", out());
        assertThat(refused.status()).isEqualTo(2);
        assertThat(refused.err()).contains("no such thing");
        assertThat(folder.resolve("m.yaml")).doesNotExist();
    }
}
