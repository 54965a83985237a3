// SPDX-License-Identifier: Apache-2.0
package kdump.lab.qtest.machine;

import static org.assertj.core.api.Assertions.assertThat;

import kdump.lab.qtest.Protocol;
import kdump.lab.qtest.differ.OurMachine;
import org.junit.jupiter.api.Test;

/** A controller whose schedule never ends does not keep a client waiting. */
class EndlessScheduleTest {

    private static final int COMMAND = 0xc000;
    private static final int FRAME = 0xc006;

    private final Protocol machine =
            OurMachine.of("-machine", "q35", "-m", "64", "-device", "piix3-usb-uhci,addr=5");

    private long frame() {
        return Long.decode(machine.answer(String.format("inw 0x%x", FRAME)).substring(3));
    }

    @Test
    void eachCommandIsAnsweredAndLetsFramesPass() {
        machine.answer("outl 0xcf8 0x80002820");
        machine.answer("outl 0xcfc 0xc000");
        machine.answer("outl 0xcf8 0x80002804");
        machine.answer("outl 0xcfc 0x5");
        machine.answer("memset 0x100000 0x1000 1");
        machine.answer("outl 0xc008 0x100000");
        machine.answer(String.format("outw 0x%x 0x1", COMMAND));
        long before = frame();
        assertThat(frame()).isNotEqualTo(before);
        machine.answer(String.format("outw 0x%x 0", COMMAND));
        before = frame();
        assertThat(frame()).isEqualTo(before);
    }
}
