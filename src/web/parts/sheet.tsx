import type { ReactNode } from 'react'
import { Dialog } from 'react-aria-components/Dialog'
import { Heading } from 'react-aria-components/Heading'
import { Modal, ModalOverlay } from 'react-aria-components/Modal'

type SheetProps = { title: string; open: boolean; onClose: () => void; children: ReactNode; urgent?: boolean }

/** A dialog over the page: focus stays inside, Escape closes, focus returns to where it came from. */
export function Sheet({ title, open, onClose, children, urgent }: SheetProps): ReactNode {
  return (
    <ModalOverlay
      isOpen={open}
      onOpenChange={(next) => {
        if (!next) onClose()
      }}
      isDismissable
      className="fixed inset-0 z-40 grid place-items-end overflow-y-auto bg-veil p-0 sm:place-items-center sm:p-6"
    >
      <Modal className="w-full max-w-lg rounded-t-xl border border-line bg-surface text-ink shadow-2xl outline-none sm:rounded-xl">
        <Dialog
          role={urgent ? 'alertdialog' : 'dialog'}
          className="grid max-h-[92dvh] gap-4 overflow-y-auto p-5 outline-none"
        >
          <Heading slot="title" className="text-lg font-bold">
            {title}
          </Heading>
          {children}
        </Dialog>
      </Modal>
    </ModalOverlay>
  )
}

/** The buttons at the foot of a sheet: what it is for last and rightmost, within the thumb's reach on a phone. */
export function SheetFoot({ children }: { children: ReactNode }): ReactNode {
  return <div className="flex flex-wrap justify-end gap-2">{children}</div>
}
