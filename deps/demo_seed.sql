-- The demo business, once.
insert into businesses (id, name, email, timezone, vapi_assistant_id, forward_to)
values ('3b1f0c52-7d8e-4a6b-9c21-5e4f8a90d7b3', 'Larkspur Dental Studio', 'owner@larkspur.example.com', 'America/New_York',
        'a7d1c3f0-92be-4c58-b6e4-1f0837d5a2c9', null)
on conflict (id) do nothing;

insert into business_phones (phone, business_id)
values ('+12125550142', '3b1f0c52-7d8e-4a6b-9c21-5e4f8a90d7b3')
on conflict (phone) do nothing;
