import type { Automation, AutomationNew, MacroNew } from '#shared/api/automations.ts'
import type { Stage } from './fill.ts'

/**
 * What the demo's office lets happen by itself: one rule that has acted, one that waits for the phone, one still off.
 * Returns what switches the second on, once the dialogues have been played.
 */
export async function addAutomations({
  desks,
  channels,
}: Pick<Stage, 'desks' | 'channels'>): Promise<() => Promise<void>> {
  const { narges, mina, kaveh } = desks
  const rules: AutomationNew[] = [
    {
      name: 'خبر به پذیرش وقتی درخواستی انجام شد',
      enabled: true,
      trigger: { kind: 'request.changed', field: 'state', value: 'done' },
      actions: [{ kind: 'notify', userIds: [mina.userId, narges.userId], text: 'درخواست {request.code} انجام شد' }],
    },
    {
      name: 'پرسش قیمت به فروش می‌رود',
      trigger: { kind: 'message.received', channelIds: [channels.sales.id] },
      groups: [{ event: { 'text.has': 'قیمت' } }, { event: { 'text.has': 'پیش‌فاکتور' } }],
      actions: [
        {
          kind: 'send',
          text: 'سلام {contact.name | دوست گرامی}، همکار فروش تا ساعتی دیگر قیمت را می‌فرستد.',
          channelIds: [],
        },
        { kind: 'assign', userId: kaveh.userId },
        { kind: 'task', title: 'پیش‌فاکتور برای {contact.name}', assigneeId: kaveh.userId, dueMinutes: 240 },
      ],
    },
    {
      name: 'تبریک تولد',
      trigger: {
        kind: 'date.reached',
        date: { of: 'contact', field: 'birthDate', days: 0, time: '09:00', yearly: true },
      },
      groups: [{ contact: { kind: 'person' } }],
      actions: [{ kind: 'send', text: '{contact.name} عزیز، تولدتان مبارک!', channelIds: [] }],
    },
  ]
  const macro: MacroNew = {
    name: 'بستن با تشکر',
    actions: [
      { kind: 'send', text: 'سپاس از پیام شما. اگر کار دیگری بود در خدمتیم.', channelIds: [] },
      { kind: 'state', state: 'closed' },
    ],
  }
  const made: Automation[] = []
  for (const rule of rules) made.push(await narges.post<Automation>('/automations', rule))
  await narges.post('/macros', macro)
  return async () => {
    await narges.patch(`/automations/${made[1]?.id}`, { enabled: true })
  }
}
